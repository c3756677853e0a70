/* SPDX-License-Identifier: MIT */
/* Every call to the system fails once, in every way: each time that is told
 * clearly, nothing is leaked, and what failed can be tried again. */

#include <errno.h>

#include "../lib/common.h"
#include "calls.h"

/* What a call can fail with that is not in the list of general ones. */
static const struct {
  const char *call;
  int problems[6];
} special[] = {
  { "calloc", { ENOMEM } },
  { "malloc", { ENOMEM } },
  { "close", { 0 } },
  { "fcntl64", { EINTR, EAGAIN, ENOLCK } },
  { "flock", { EINTR, EWOULDBLOCK, ENOLCK } },
  { "kill", { EPERM, ESRCH } },
  { "poll", { EINTR, ENOMEM } },
  { "ppoll", { EINTR, ENOMEM } },
  { "pthread_create", { EAGAIN } },
  { "sem_clockwait", { EINTR, ETIMEDOUT } },
  { "sem_post", { 0 } }, /* only at its maximum: see test-counters.c */
  { "sem_trywait", { EINTR, EAGAIN } },
};
/* ENOENT is not among them: it is an answer, and would be a lie. */
static const int general[] = { EACCES, EMFILE, EINTR, ENOMEM, ENOSPC };

void
zb_step (ZbStep step)
{
}

/* ---- which call fails, with what ---- */

static atomic_bool counting;
static atomic_int calls_left; /* the one that makes it 0 fails */
static int way;               /* which of its problems it fails with */
static int ways;              /* how many it has */
static const char *failed;    /* that call */
static int problem;

static void
choose_problem (const char *call)
{
  ways = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (special); i++) {
    if (strcmp (special[i].call, call) != 0)
      continue;
    while (special[i].problems[ways])
      ways++;
    problem = way < ways ? special[i].problems[way] : 0;
    return;
  }
  ways = G_N_ELEMENTS (general);
  problem = general[way];
}

static int
fail_one (const char *call, ZbStep step)
{
  if (!atomic_load (&counting) || atomic_fetch_sub (&calls_left, 1) != 1)
    return 0;
  failed = call;
  choose_problem (call);
  return problem;
}

/* ---- what must be as before ---- */

static int
count_entries (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  int count = 0;

  fail_unless (dir != NULL);
  while (g_dir_read_name (dir))
    count++;
  g_dir_close (dir);
  return count;
}

static int
count_mappings (void)
{
  FILE *maps = fopen ("/proc/self/maps", "r");
  char line[512];
  int count = 0;

  fail_unless (maps != NULL);
  while (fgets (line, sizeof line, maps))
    if (strstr (line, name))
      count++;
  fclose (maps);
  return count;
}

typedef struct {
  int files;
  int threads;
} Use;

static Use
get_use (void)
{
  Use use = { count_entries ("/proc/self/fd"),
    count_entries ("/proc/self/task") };

  return use;
}

/* ---- one session ---- */

static ZbReader *reader;
static ZbWriter *writer;
static ZbPlace *place;
static ZbFrame *frame;

static void
assert_told (const char *call, ZbResult result)
{
  fail_unless (error.result == result, "%s: %s, but said %s", call,
      zb_result_text (result), zb_result_text (error.result));
  fail_unless (strlen (error.message) > 10 &&
                   error.message[strlen (error.message) - 1] == '.',
      "%s: \"%s\"", call, error.message);
  if (g_getenv ("VERBOSE"))
    printf ("%s in %.24s...: %s\n", failed, call, error.message);
}

/* A call that may fail because of the one that does, and then not again. */
#define TRY(call)                                                              \
  G_STMT_START                                                                 \
  {                                                                            \
    ZbResult result = (call);                                                  \
    if (result != ZB_OK) {                                                     \
      fail_unless (failed != NULL, "%s: %s", #call, error.message);            \
      assert_told (#call, result);                                             \
      assert_ok (call);                                                        \
    }                                                                          \
  }                                                                            \
  G_STMT_END

/* So may one that ends the session when all is well. */
#define TRY_END(call, expected)                                                \
  G_STMT_START                                                                 \
  {                                                                            \
    ZbResult result = (call);                                                  \
    if (result != (expected)) {                                                \
      fail_unless (failed != NULL, "%s: %s", #call, error.message);            \
      assert_told (#call, result);                                             \
      assert_result (call, expected);                                          \
    }                                                                          \
  }                                                                            \
  G_STMT_END

static void
open_both (void)
{
  ZbReaderConfig config = { 1024, 64, 0640, features, 1 << 16 };

  TRY (zb_reader_create (name, &config, &reader, &error));
  TRY (zb_writer_new (name, features, &writer, &error));
  TRY (zb_writer_connect (writer, 0, &error));
}

static void
pass_frames (void)
{
  static const char text[200] = "some text";
  const void *data;
  size_t size;

  TRY (zb_writer_set_metadata (writer, text, 20, &error));
  for (int i = 0; i < 8; i++) {
    TRY (zb_writer_write (writer, text, sizeof text, 0, &error));
    TRY (zb_reader_read (reader, SEC, &frame, &error));
    fail_unless (memcmp (zb_frame_get_data (frame), text, sizeof text) == 0);
    if (i == 4)
      TRY (zb_frame_detach (frame, &error));
    zb_frame_release (frame);
  }
  TRY (zb_reader_get_metadata (reader, &data, &size, &error));
  fail_unless_equals_uint64 (size, 20);
}

static void
pass_place (void)
{
  TRY (zb_writer_reserve_place (writer, 100, 0, &place, &error));
  memset (zb_place_get_data (place), 1, 100);
  TRY (zb_writer_publish_place (writer, place, 100, &error));
  zb_place_release (place);
  TRY (zb_reader_read (reader, SEC, &frame, &error));
  zb_frame_release (frame);
}

/* Room is waited for as long as there is none. */
static void
fill_ring (void)
{
  static const char text[400];

  TRY (zb_writer_write (writer, text, sizeof text, 0, &error));
  TRY_END (zb_writer_write (writer, text, 600, MSEC, &error), ZB_TIMEOUT);
  TRY (zb_reader_read (reader, SEC, &frame, &error));
  zb_frame_release (frame);
}

static void
renew (void)
{
  if (features & ZB_FEATURE_GROW) {
    TRY (zb_writer_grow (writer, 4096, &error));
    TRY_END (zb_reader_read (reader, SEC, &frame, &error), ZB_GROW);
  } else {
    zb_writer_disconnect (writer);
    TRY_END (zb_reader_read (reader, SEC, &frame, &error), ZB_PEER_LEFT);
  }
  TRY (zb_reader_renew (reader, &error));
  TRY (zb_writer_connect (writer, 0, &error));
}

static void
run_session (void)
{
  open_both ();
  pass_frames ();
  pass_place ();
  if (features & ZB_FEATURE_FILLER)
    fill_ring ();
  renew ();
  pass_frames ();
  zb_writer_free (writer);
  TRY_END (zb_reader_read (reader, SEC, &frame, &error), ZB_PEER_LEFT);
  zb_reader_close (reader);
}

/* Without these a name cannot be removed, or is not known to be ours. */
static gboolean
is_about_names (const char *call)
{
  static const char *const calls[] = { "shm_unlink", "unlinkat", "fstat64",
    "fstatat64", NULL };

  return g_strv_contains (calls, call);
}

/* With the call of that number failing; false if there are not so many. */
static gboolean
run_with_failure (int number)
{
  failed = NULL;
  atomic_store (&calls_left, number);
  atomic_store (&counting, true);
  run_session ();
  atomic_store (&counting, false);
  return failed != NULL;
}

GST_START_TEST (test_each_call_fails)
{
  GHashTable *seen = g_hash_table_new (g_str_hash, g_str_equal);
  Use before;
  int number = 0;

  run_session ();
  before = get_use ();
  calls_hook = fail_one;
  do {
    number++;
    way = ways = 0;
    do {
      Use after;

      if (!run_with_failure (number))
        break;
      after = get_use ();
      g_hash_table_add (seen, (gpointer) failed);
      fail_unless (
          after.files == before.files && after.threads == before.threads,
          "%s, %s: %d files and %d threads, not %d and %d", failed,
          g_strerror (problem), after.files, after.threads, before.files,
          before.threads);
      fail_unless_equals_int (count_mappings (), 0);
      if (is_about_names (failed))
        start_another_reader ();
      assert_nothing_left ();
    } while (++way < ways);
  } while (failed);
  calls_hook = NULL;
  printf ("%d calls of %u kinds\n", number - 1, g_hash_table_size (seen));
  fail_unless (number > 100);
  g_hash_table_unref (seen);
}
GST_END_TEST;

static Suite *
calls_suite (void)
{
  Suite *suite = suite_create ("calls");
  TCase *cases = tcase_create ("calls");

  suite_add_tcase (suite, cases);
  tcase_add_checked_fixture (cases, set_up, assert_nothing_left);
  tcase_set_timeout (cases, 100);
  tcase_add_test (cases, test_each_call_fails);
  return suite;
}

GST_CHECK_MAIN (calls);
