/* SPDX-License-Identifier: MIT */
/*
 * One end of a buffer, by the library's public API, for tests that have
 * something else at the other end:
 *
 *     peer write NAME FRAMES MAX_SIZE [METADATA]
 *     peer read NAME FRAMES MAX_SIZE RING
 *
 * The sizes and contents of frames follow from their numbers; see the same two
 * functions in test_library.py.  The reader prints the metadata it found.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zerobuffer.h"

/* More than the other implementation knows of. */
#define FEATURES (ZB_FEATURES_DEFAULT | ZB_FEATURE_KEYUNIT)

static ZbError error;

static size_t
get_size (uint64_t sequence, size_t max_size)
{
  return 1 + sequence * 7919 % max_size;
}

static uint8_t
get_byte (uint64_t sequence, size_t offset)
{
  return (uint8_t) (sequence * 31 + offset * 7 + (offset >> 8));
}

static int
fail (void)
{
  fprintf (stderr, "%s\n", error.message);
  return 1;
}

static int
write_frames (
    const char *name, uint64_t frames, size_t max_size, const char *metadata)
{
  ZbWriter *writer;

  if (zb_writer_new (name, FEATURES, &writer, &error) != ZB_OK ||
      zb_writer_connect (writer, ZB_FOREVER, &error) != ZB_OK)
    return fail ();
  if (metadata && zb_writer_set_metadata (
                      writer, metadata, strlen (metadata), &error) != ZB_OK)
    return fail ();
  for (uint64_t i = 1; i <= frames; i++) {
    size_t size = get_size (i, max_size);
    void *place;

    if (zb_writer_reserve (writer, size, ZB_FOREVER, &place, &error) != ZB_OK)
      return fail ();
    for (size_t k = 0; k < size; k++)
      ((uint8_t *) place)[k] = get_byte (i, k);
    zb_writer_publish (writer);
  }
  zb_writer_free (writer);
  return 0;
}

static int
is_right (const ZbFrame *frame, uint64_t sequence, size_t max_size)
{
  const uint8_t *data = zb_frame_get_data (frame);
  size_t size = zb_frame_get_size (frame);

  if (size != get_size (sequence, max_size) ||
      zb_frame_get_sequence (frame) != sequence)
    return 0;
  for (size_t k = 0; k < size; k++)
    if (data[k] != get_byte (sequence, k))
      return 0;
  return 1;
}

static int
read_frames (const char *name, uint64_t frames, size_t max_size, uint64_t ring)
{
  const ZbReaderConfig config = { ring, 4096, 0600, FEATURES, ring };
  const void *metadata;
  size_t metadata_size;
  ZbReader *reader;
  ZbFrame *frame;

  if (zb_reader_create (name, &config, &reader, &error) != ZB_OK)
    return fail ();
  for (uint64_t i = 1; i <= frames; i++) {
    if (zb_reader_read (reader, ZB_FOREVER, &frame, &error) != ZB_OK)
      return fail ();
    if (!is_right (frame, i, max_size)) {
      fprintf (stderr, "frame %llu is wrong\n", (unsigned long long) i);
      return 1;
    }
    zb_frame_release (frame);
  }
  if (zb_reader_read (reader, ZB_FOREVER, &frame, &error) != ZB_PEER_LEFT)
    return fail ();
  if (zb_reader_get_metadata (reader, &metadata, &metadata_size, &error) !=
      ZB_OK)
    return fail ();
  if (metadata_size > 0)
    fwrite (metadata, 1, metadata_size, stdout);
  zb_reader_close (reader);
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc >= 5 && strcmp (argv[1], "write") == 0)
    return write_frames (argv[2], strtoull (argv[3], NULL, 10),
        strtoull (argv[4], NULL, 10), argc > 5 ? argv[5] : NULL);
  if (argc == 6 && strcmp (argv[1], "read") == 0)
    return read_frames (argv[2], strtoull (argv[3], NULL, 10),
        strtoull (argv[4], NULL, 10), strtoull (argv[5], NULL, 10));
  fprintf (stderr, "usage: peer write NAME FRAMES MAX_SIZE [METADATA]\n"
                   "       peer read NAME FRAMES MAX_SIZE RING\n");
  return 2;
}
