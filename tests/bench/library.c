/* SPDX-License-Identifier: MIT */
/*
 * The library alone, between two processes:
 *
 *     library SIZE RING COUNT [--in-place]
 *
 * Frames are copied into the ring, or only stamped in it.  Says the rate as
 * JSON on stdout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "zerobuffer.h"

static void
need (ZbResult result, const ZbError *error)
{
  if (result == ZB_OK)
    return;
  fprintf (stderr, "%s\n", error->message);
  exit (1);
}

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void
send_one (ZbWriter *writer, const uint64_t *data, size_t size, int in_place)
{
  ZbError error;
  void *place;

  if (!in_place) {
    need (zb_writer_write (writer, data, size, ZB_FOREVER, &error), &error);
    return;
  }
  need (zb_writer_reserve (writer, size, ZB_FOREVER, &place, &error), &error);
  memcpy (place, data, sizeof *data);
  zb_writer_publish (writer);
}

static int
write_all (const char *name, size_t size, uint64_t count, int in_place)
{
  uint64_t *data = calloc (1, size);
  ZbWriter *writer;
  ZbError error;

  need (zb_writer_new (name, ZB_FEATURES_DEFAULT, &writer, &error), &error);
  need (zb_writer_connect (writer, ZB_FOREVER, &error), &error);
  for (uint64_t i = 0; i < count; i++) {
    data[0] = i;
    send_one (writer, data, size, in_place);
  }
  zb_writer_free (writer);
  free (data);
  return 0;
}

static double
read_all (ZbReader *reader, size_t size, uint64_t count)
{
  double start = 0;
  ZbError error;

  for (uint64_t i = 0; i < count; i++) {
    uint64_t number;
    ZbFrame *frame;

    need (zb_reader_read (reader, ZB_FOREVER, &frame, &error), &error);
    memcpy (&number, zb_frame_get_data (frame), sizeof number);
    if (number != i || zb_frame_get_size (frame) != size) {
      fprintf (stderr, "Frame %llu is wrong.\n", (unsigned long long) i);
      exit (1);
    }
    zb_frame_release (frame);
    if (i == 0)
      start = now ();
  }
  return (count - 1) / (now () - start);
}

int
main (int argc, char **argv)
{
  ZbReaderConfig config = ZB_READER_CONFIG_DEFAULT;
  uint64_t count;
  ZbReader *reader;
  char name[64];
  ZbError error;
  size_t size;
  pid_t pid;

  if (argc < 4) {
    fprintf (stderr, "usage: library SIZE RING COUNT [--in-place]\n");
    return 2;
  }
  size = strtoull (argv[1], NULL, 10);
  config.payload_size = strtoull (argv[2], NULL, 10);
  count = strtoull (argv[3], NULL, 10);
  snprintf (name, sizeof name, "bench-library-%d", (int) getpid ());

  pid = fork ();
  if (pid == 0)
    return write_all (name, size, count, argc > 4);
  need (zb_reader_create (name, &config, &reader, &error), &error);
  printf ("{\"rate\": %f}\n", read_all (reader, size, count));
  zb_reader_close (reader);
  waitpid (pid, NULL, 0);
  return 0;
}
