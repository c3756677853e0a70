/* SPDX-License-Identifier: MIT */
/* What the library's tests share. */
#ifndef COMMON_H
#define COMMON_H

#include <fcntl.h>
#include <sys/mman.h>

#include "../check-support.h"
#include "layout.h"

#define MSEC INT64_C (1000000)
#define SEC (1000 * MSEC)

/* The result, and that the message has @text. */
#define assert_fails(call, expected, text)                                     \
  G_STMT_START                                                                 \
  {                                                                            \
    assert_result (call, expected);                                            \
    fail_unless (strstr (error.message, text), "\"%s\" is not in: %s", text,   \
        error.message);                                                        \
    fail_unless_equals_int (error.result, expected);                           \
  }                                                                            \
  G_STMT_END

static inline ZbReader *
new_reader (uint64_t payload_size, uint64_t metadata_size)
{
  ZbReaderConfig config = { payload_size, metadata_size, 0600, features,
    64 * 1024 * 1024 };
  ZbReader *reader;

  assert_ok (zb_reader_create (name, &config, &reader, &error));
  return reader;
}

static inline ZbWriter *
connect_writer (void)
{
  ZbWriter *writer = new_writer ();

  assert_ok (zb_writer_connect (writer, 10 * SEC, &error));
  return writer;
}

/* Bytes that tell frame, offset and size apart. */
static inline void
fill_pattern (uint8_t *data, size_t size, uint64_t sequence)
{
  for (size_t i = 0; i < size; i++)
    data[i] = (uint8_t) (sequence * 31 + i * 7 + (i >> 8) + size);
}

static inline gboolean
has_pattern (const uint8_t *data, size_t size, uint64_t sequence)
{
  for (size_t i = 0; i < size; i++)
    if (data[i] != (uint8_t) (sequence * 31 + i * 7 + (i >> 8) + size))
      return FALSE;
  return TRUE;
}

static inline ZbResult
write_pattern (
    ZbWriter *writer, size_t size, uint64_t sequence, int64_t timeout)
{
  void *data;
  ZbResult result = zb_writer_reserve (writer, size, timeout, &data, &error);

  if (result != ZB_OK)
    return result;
  fill_pattern (data, size, sequence);
  zb_writer_publish (writer);
  return ZB_OK;
}

/* Reads the next frame, which must be there and be whole. */
static inline ZbFrame *
read_pattern (ZbReader *reader, size_t size, uint64_t sequence)
{
  ZbFrame *frame;

  assert_ok (zb_reader_read (reader, 10 * SEC, &frame, &error));
  fail_unless_equals_uint64 (zb_frame_get_sequence (frame), sequence);
  fail_unless_equals_uint64 (zb_frame_get_size (frame), size);
  fail_unless (has_pattern (zb_frame_get_data (frame), size, sequence));
  return frame;
}

static inline void
pass_pattern (
    ZbWriter *writer, ZbReader *reader, size_t size, uint64_t sequence)
{
  assert_ok (write_pattern (writer, size, sequence, 0));
  zb_frame_release (read_pattern (reader, size, sequence));
}

/* Of any name: it removes what crashed ones left. */
static inline void
start_another_reader (void)
{
  char other[sizeof name + 1];
  ZbReader *reader;

  snprintf (other, sizeof other, "%sx", name);
  assert_ok (zb_reader_create (other, NULL, &reader, &error));
  zb_reader_close (reader);
}

/* The shared memory as a third process would see it. */
static inline ZbOieb *
map_buffer (void)
{
  char path[80];
  void *address;
  int fd;

  snprintf (path, sizeof path, "/%s", name);
  fd = shm_open (path, O_RDWR, 0);
  fail_if (fd < 0);
  address = mmap (
      NULL, lseek (fd, 0, SEEK_END), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  fail_if (address == MAP_FAILED);
  return address;
}

static inline uint8_t *
get_ring (ZbOieb *oieb)
{
  return (uint8_t *) oieb + ZB_OIEB_SIZE + oieb->metadata_size;
}

#endif
