/* SPDX-License-Identifier: MIT */
/* What is on the wire, byte for byte, as docs/protocol.md has it. */
#include "common.h"

static uint64_t
get_u64 (const void *base, size_t offset)
{
  uint64_t value;

  memcpy (&value, (const uint8_t *) base + offset, sizeof value);
  return value;
}

static uint32_t
get_u32 (const void *base, size_t offset)
{
  uint32_t value;

  memcpy (&value, (const uint8_t *) base + offset, sizeof value);
  return value;
}

GST_START_TEST (test_fresh_buffer)
{
  ZbReader *reader = new_reader (1000, 100);
  ZbOieb *oieb = map_buffer ();
  const uint8_t version[] = { 1, 0, 0, 0 };

  fail_unless_equals_int (get_u32 (oieb, 0x00), 128);
  fail_unless (memcmp ((uint8_t *) oieb + 4, version, 4) == 0);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x08), 128);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x10), 128);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x18), 0);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x20), 1024);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x28), 1024);
  for (size_t offset = 0x30; offset < 0x58; offset += 8)
    fail_unless_equals_uint64 (get_u64 (oieb, offset), 0);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x58), getpid ());
  for (size_t offset = 0x60; offset < 0x80; offset += 8)
    fail_unless_equals_uint64 (get_u64 (oieb, offset), 0);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_metadata_and_frame)
{
  ZbReader *reader = new_reader (1024, 128);
  ZbWriter *writer = connect_writer ();
  ZbOieb *oieb = map_buffer ();
  ZbFrame *frame;

  assert_ok (zb_writer_set_metadata (writer, "hello", 5, &error));
  assert_ok (zb_writer_write (writer, "frame", 5, 0, &error));
  fail_unless_equals_uint64 (get_u64 (oieb, 0x10), 128 - 13);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x18), 13);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x28), 1024 - 21);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x30), 21);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x40), 1);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x50), getpid ());
  fail_unless_equals_uint64 (get_u64 (oieb, 128), 5);
  fail_unless (memcmp ((uint8_t *) oieb + 136, "hello", 5) == 0);
  fail_unless_equals_uint64 (get_u64 (oieb, 256), 5);
  fail_unless_equals_uint64 (get_u64 (oieb, 264), 1);
  fail_unless (memcmp ((uint8_t *) oieb + 272, "frame", 5) == 0);

  assert_ok (zb_reader_read (reader, 0, &frame, &error));
  fail_unless_equals_uint64 (get_u64 (oieb, 0x38), 21);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x48), 1);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x28), 1024 - 21);
  zb_frame_release (frame);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x28), 1024);

  zb_writer_free (writer);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x50), 0);
  zb_reader_close (reader);
  fail_unless_equals_uint64 (get_u64 (oieb, 0x58), 0);
}
GST_END_TEST;

static Suite *
layout_suite (void)
{
  Suite *suite = suite_create ("layout");
  TCase *tcase = tcase_create ("wire");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_fresh_buffer);
  tcase_add_test (tcase, test_metadata_and_frame);
  return suite;
}

GST_CHECK_MAIN (layout);
