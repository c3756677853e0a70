/* SPDX-License-Identifier: MIT */
/* Names, modes and the lock folder. */
#include "common.h"

#include <sys/stat.h>

static void
assert_name_refused (const char *bad)
{
  ZbReader *reader = NULL;
  ZbWriter *writer = NULL;

  assert_result (zb_reader_create (bad, NULL, &reader, &error), ZB_INVALID);
  fail_unless (error.message[0]);
  assert_result (zb_writer_new (bad, 0, &writer, &error), ZB_INVALID);
  fail_unless (reader == NULL && writer == NULL);
}

GST_START_TEST (test_bad_names)
{
  char long_name[ZB_NAME_MAX + 2];

  memset (long_name, 'x', sizeof long_name);
  long_name[ZB_NAME_MAX + 1] = '\0';
  assert_name_refused (NULL);
  assert_name_refused ("");
  assert_name_refused (".");
  assert_name_refused ("..");
  assert_name_refused ("a/b");
  assert_name_refused ("/a");
  assert_name_refused (long_name);
}
GST_END_TEST;

static void
pass_a_frame (const char *buffer_name)
{
  ZbReader *reader;
  ZbWriter *writer;

  assert_ok (zb_reader_create (buffer_name, NULL, &reader, &error));
  assert_ok (zb_writer_new (buffer_name, 0, &writer, &error));
  assert_ok (zb_writer_connect (writer, 0, &error));
  pass_pattern (writer, reader, 10, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}

GST_START_TEST (test_good_names)
{
  char buffer_name[ZB_NAME_MAX + 1];

  memset (buffer_name, 'x', ZB_NAME_MAX);
  memcpy (buffer_name, name, strlen (name));
  buffer_name[ZB_NAME_MAX] = '\0';
  pass_a_frame (buffer_name);
  snprintf (buffer_name, sizeof buffer_name, "%s with.dots %%s ü", name);
  pass_a_frame (buffer_name);
  snprintf (buffer_name, sizeof buffer_name, ".%s", name);
  pass_a_frame (buffer_name);
}
GST_END_TEST;

static void
assert_mode (const char *format, unsigned mode)
{
  struct stat info;
  char path[128];

  snprintf (path, sizeof path, format, name);
  fail_unless (stat (path, &info) == 0, "no %s", path);
  fail_unless (
      (info.st_mode & 0777) == mode, "%s has mode %o", path, info.st_mode);
}

static void
check_mode (unsigned mode, unsigned mask)
{
  mode_t before = umask (mask);
  ZbReaderConfig config = { 1024, 64, .mode = mode };
  ZbReader *reader;

  assert_ok (zb_reader_create (name, &config, &reader, &error));
  umask (before);
  assert_mode (MEMORY_PATH, mode);
  assert_mode (DATA_PATH, mode);
  assert_mode (SPACE_PATH, mode);
  assert_mode (LOCK_PATH, mode);
  zb_reader_close (reader);
}

GST_START_TEST (test_modes_whatever_the_umask)
{
  const unsigned modes[] = { 0600, 0660, 0666, 0777 };
  const unsigned masks[] = { 0, 0022, 0077, 0177 };

  for (guint m = 0; m < G_N_ELEMENTS (modes); m++)
    for (guint u = 0; u < G_N_ELEMENTS (masks); u++)
      check_mode (modes[m], masks[u]);
}
GST_END_TEST;

GST_START_TEST (test_bad_configurations)
{
  const ZbReaderConfig configs[] = {
    { 0, 64, .mode = 0600 },
    { UINT64_MAX, 64, .mode = 0600 },
    { 1024, UINT64_MAX, .mode = 0600 },
    { 1024, 64, .mode = 0 },
    { 1024, 64, .mode = 0400 },
    { 1024, 64, .mode = 01600 },
    { 1024, 64, .mode = 0600, .max_payload_size = UINT64_MAX },
  };
  ZbReader *reader;

  for (guint i = 0; i < G_N_ELEMENTS (configs); i++)
    assert_fails (zb_reader_create (name, &configs[i], &reader, &error),
        ZB_INVALID, "not possible");
  assert_fails (zb_reader_create (name, &configs[0], &reader, &error),
      ZB_INVALID, "A payload size of 0 bytes is not possible");
}
GST_END_TEST;

GST_START_TEST (test_lock_folder_is_open_to_all)
{
  ZbReader *reader = new_reader (64, 0);
  struct stat info;

  fail_unless (lstat ("/tmp/zerobuffer", &info) == 0);
  fail_unless (S_ISDIR (info.st_mode));
  if (info.st_uid == geteuid ())
    fail_unless_equals_int (info.st_mode & 07777, 01777);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_every_result_has_a_text)
{
  for (int result = ZB_OK; result <= ZB_SYSTEM; result++)
    fail_unless (strcmp (zb_result_text (result), "unknown result") != 0);
  fail_unless (strcmp (zb_result_text (99), "unknown result") == 0);
}
GST_END_TEST;

static Suite *
names_suite (void)
{
  Suite *suite = suite_create ("names");
  TCase *tcase = tcase_create ("names");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_bad_names);
  tcase_add_test (tcase, test_good_names);
  tcase_add_test (tcase, test_modes_whatever_the_umask);
  tcase_add_test (tcase, test_bad_configurations);
  tcase_add_test (tcase, test_lock_folder_is_open_to_all);
  tcase_add_test (tcase, test_every_result_has_a_text);
  return suite;
}

GST_CHECK_MAIN (names);
