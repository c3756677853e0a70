/* SPDX-License-Identifier: MIT */
/* The arithmetic of the ring, exhaustively on small rings. */
#include "ring.h"

#include <gst/check/gstcheck.h>

#define MAX_RING 256

GST_START_TEST (test_align)
{
  fail_unless_equals_uint64 (zb_align64 (0), 0);
  fail_unless_equals_uint64 (zb_align64 (1), 64);
  fail_unless_equals_uint64 (zb_align64 (64), 64);
  fail_unless_equals_uint64 (zb_align64 (65), 128);
}
GST_END_TEST;

/* The rules, once more and in other words, for every ring, position and size:
 * a frame lies within the ring, leaves no tail of 1 to 15 bytes, wraps only if
 * it must, and never needs more than the ring has. */
static void
check_placement (uint64_t ring, uint64_t position, uint64_t payload)
{
  ZbPlacement place;
  uint64_t bytes = 16 + payload;
  uint64_t here = ring - position - bytes; /* may wrap around: not fitting */
  uint64_t there = ring - bytes;
  gboolean fits_here = bytes <= ring - position && (here == 0 || here >= 16);
  gboolean fits_there = bytes <= position && (there == 0 || there >= 16);
  gboolean placed = zb_ring_place (ring, position, payload, false, &place);

  fail_unless_equals_int (placed, fits_here || fits_there);
  if (!placed)
    return;
  fail_unless_equals_uint64 (place.position, fits_here ? position : 0);
  fail_unless_equals_uint64 (place.waste, fits_here ? 0 : ring - position);
  fail_unless_equals_uint64 (place.need, place.waste + bytes);
  fail_unless_equals_uint64 (place.next, (place.position + bytes) % ring);
  fail_unless (place.need <= ring);
}

GST_START_TEST (test_place_everywhere)
{
  for (uint64_t ring = 64; ring <= MAX_RING; ring += 64)
    for (uint64_t position = 0; position < ring; position++)
      for (uint64_t payload = 1; payload <= ring; payload++)
        check_placement (ring, position, payload);
}
GST_END_TEST;

/* With fillers every frame that the ring can hold gets through; no tail shorter
 * than a header is left to anybody. */
static void
check_placement_with_fillers (
    uint64_t ring, uint64_t position, uint64_t payload)
{
  ZbPlacement place;
  uint64_t bytes = 16 + payload;
  gboolean here = bytes <= ring - position;
  gboolean there = !here && bytes <= position;
  gboolean placed = zb_ring_place (ring, position, payload, true, &place);

  fail_unless_equals_int (placed, bytes <= ring);
  if (!placed)
    return;
  fail_unless_equals_int (place.alone, !here && !there);
  fail_unless_equals_uint64 (place.position, here ? position : 0);
  fail_unless_equals_uint64 (place.waste, here ? 0 : ring - position);
  fail_unless (place.need <= ring);
  fail_unless (place.next == 0 || ring - place.next >= 16);
  if (place.alone) {
    fail_unless_equals_uint64 (place.need, place.waste);
    fail_unless_equals_uint64 (place.next, 0);
  } else if (place.next == 0) {
    fail_unless_equals_uint64 (place.need, place.waste + ring - place.position);
    fail_unless (ring - place.position - bytes < 16);
  } else {
    fail_unless_equals_uint64 (place.need, place.waste + bytes);
    fail_unless_equals_uint64 (place.next, place.position + bytes);
  }
}

GST_START_TEST (test_place_everywhere_with_fillers)
{
  for (uint64_t ring = 64; ring <= MAX_RING; ring += 64)
    for (uint64_t position = 0; position <= ring - 16; position++)
      for (uint64_t payload = 1; payload <= ring; payload++)
        check_placement_with_fillers (ring, position, payload);
}
GST_END_TEST;

GST_START_TEST (test_place_refuses_nonsense)
{
  ZbPlacement place;

  fail_if (zb_ring_place (64, 0, 0, false, &place));
  fail_if (zb_ring_place (64, 0, UINT64_MAX, false, &place));
  fail_if (zb_ring_place (64, 0, UINT64_MAX - 15, false, &place));
  fail_if (zb_ring_place (64, 0, 49, false, &place));
  fail_unless (zb_ring_place (64, 0, 48, false, &place));
}
GST_END_TEST;

/* What "always fits" promises: half of the ring, less 32. */
GST_START_TEST (test_size_for)
{
  ZbPlacement place;

  for (uint64_t payload = 1; payload < 1000; payload++) {
    uint64_t ring = zb_ring_size_for (payload, false);

    fail_unless_equals_uint64 (ring % 64, 0);
    fail_unless (payload <= ring / 2 - 32);
    for (uint64_t position = 0; position < ring; position++)
      fail_unless (zb_ring_place (ring, position, payload, false, &place));
  }
  fail_unless (zb_ring_size_for (UINT64_MAX, false) % 64 == 0);
  fail_unless (zb_ring_size_for (UINT64_MAX, false) > UINT64_MAX / 2);
}
GST_END_TEST;

GST_START_TEST (test_classify)
{
  typedef struct {
    uint64_t position;
    ZbFrameHeader header;
    ZbRingItem item;
  } Case;
  const Case cases[] = {
    { 0, { 1, 7 }, ZB_RING_FRAME },
    { 0, { 112, 7 }, ZB_RING_FRAME },
    { 0, { 113, 7 }, ZB_RING_BAD_SIZE },
    { 112, { 1, 7 }, ZB_RING_BAD_SIZE },
    { 111, { 1, 7 }, ZB_RING_FRAME },
    { 64, { UINT64_MAX, 7 }, ZB_RING_BAD_SIZE },
    { 64, { UINT64_MAX - 79, 7 }, ZB_RING_BAD_SIZE },
    { 64, { 1, 6 }, ZB_RING_BAD_SEQUENCE },
    { 64, { 1, 8 }, ZB_RING_BAD_SEQUENCE },
    { 64, { 1, 0 }, ZB_RING_BAD_SEQUENCE },
    { 64, { 0, 0 }, ZB_RING_WRAP },
    { 112, { 0, 0 }, ZB_RING_WRAP },
    { 0, { 0, 0 }, ZB_RING_BAD_MARKER },
    { 64, { 0, 7 }, ZB_RING_BAD_MARKER },
    { 64, { 0, UINT64_MAX }, ZB_RING_BAD_MARKER },
  };
  const Case with_fillers[] = {
    { 0, { 1, 7 }, ZB_RING_FRAME },
    { 0, { 1, 0 }, ZB_RING_FILLER },
    { 64, { 48, 0 }, ZB_RING_FILLER },
    { 64, { 49, 0 }, ZB_RING_BAD_SIZE },
    { 64, { UINT64_MAX, 0 }, ZB_RING_BAD_SIZE },
    { 64, { 1, UINT64_MAX }, ZB_RING_BAD_SEQUENCE },
    { 64, { 0, 0 }, ZB_RING_WRAP },
    { 0, { 0, 0 }, ZB_RING_BAD_MARKER },
    { 64, { 0, UINT64_MAX }, ZB_RING_WRAP_ALONE },
    { 0, { 0, UINT64_MAX }, ZB_RING_BAD_MARKER },
    { 64, { 0, 7 }, ZB_RING_BAD_MARKER },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    fail_unless_equals_int (
        zb_ring_classify (128, cases[i].position, &cases[i].header, 7, false),
        cases[i].item);
  for (guint i = 0; i < G_N_ELEMENTS (with_fillers); i++)
    fail_unless_equals_int (zb_ring_classify (128, with_fillers[i].position,
                                &with_fillers[i].header, 7, true),
        with_fillers[i].item);
  fail_unless (zb_ring_has_header (128, 112));
  fail_if (zb_ring_has_header (128, 113));
  fail_if (zb_ring_has_header (128, 128));
}
GST_END_TEST;

#define SPANS 6

/* Releases in the order that @permutation says: bytes come back in the order
 * of the ring, whatever that is. */
static void
check_release_order (const int permutation[SPANS])
{
  ZbSpans spans = { 0 };
  ZbSpan span[SPANS];
  gboolean released[SPANS] = { 0 };
  uint64_t returned = 0;
  int next = 0;

  for (int i = 0; i < SPANS; i++)
    zb_spans_push (&spans, &span[i], 10 + i);
  for (int i = 0; i < SPANS; i++) {
    uint64_t bytes, expected = 0;
    int expected_count = 0, count = 0;
    ZbSpan *list = zb_spans_release (&spans, &span[permutation[i]], &bytes);

    released[permutation[i]] = TRUE;
    for (; next < SPANS && released[next]; next++, expected_count++)
      expected += 10 + next;
    for (; list; list = list->next)
      count++;
    returned += bytes;
    fail_unless_equals_uint64 (bytes, expected);
    fail_unless_equals_int (count, expected_count);
    fail_unless_equals_uint64 (zb_spans_held (&spans), spans.end - returned);
  }
  fail_unless_equals_uint64 (zb_spans_held (&spans), 0);
}

static void
permute (int permutation[SPANS], int from)
{
  if (from == SPANS)
    check_release_order (permutation);
  for (int i = from; i < SPANS; i++) {
    int saved = permutation[from];
    permutation[from] = permutation[i];
    permutation[i] = saved;
    permute (permutation, from + 1);
    permutation[i] = permutation[from];
    permutation[from] = saved;
  }
}

GST_START_TEST (test_release_in_every_order)
{
  int permutation[SPANS] = { 0, 1, 2, 3, 4, 5 };

  permute (permutation, 0);
}
GST_END_TEST;

/* A writer and a reader made of nothing but this arithmetic, with every
 * sequence of frame sizes from a set: what is written is found again, and all
 * bytes come back. */
static void
check_walk (uint64_t ring, const uint64_t *sizes, int count, uint64_t seed)
{
  uint64_t write = 0, read = 0, free_bytes = ring;

  for (uint64_t sequence = 1; sequence < 100; sequence++) {
    uint64_t payload =
        sizes[(seed = seed * 6364136223846793005u + 1) >> 33 & (count - 1)];
    ZbFrameHeader header = { payload, sequence };
    ZbPlacement place;
    uint64_t freed = 0;

    fail_unless (zb_ring_place (ring, write, payload, false, &place));
    fail_unless (place.need <= free_bytes);
    free_bytes -= place.need;

    if (place.waste > 0) {
      const ZbFrameHeader marker = { 0, 0 };
      if (zb_ring_has_header (ring, read))
        fail_unless_equals_int (
            zb_ring_classify (ring, read, &marker, sequence, false),
            ZB_RING_WRAP);
      freed = ring - read;
      read = 0;
    }
    fail_unless_equals_uint64 (read, place.position);
    fail_unless_equals_int (
        zb_ring_classify (ring, read, &header, sequence, false), ZB_RING_FRAME);
    read = (read + 16 + payload) % ring;
    freed += 16 + payload;
    free_bytes += freed;
    write = place.next;
    fail_unless_equals_uint64 (free_bytes, ring);
  }
}

GST_START_TEST (test_walk)
{
  const uint64_t sizes[] = { 1, 16, 33, 95, 48, 17, 80, 2 };

  for (uint64_t seed = 0; seed < 200; seed++)
    check_walk (256, sizes, G_N_ELEMENTS (sizes), seed);
}
GST_END_TEST;

static Suite *
ring_suite (void)
{
  Suite *suite = suite_create ("ring");
  TCase *tcase = tcase_create ("arithmetic");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_align);
  tcase_add_test (tcase, test_place_everywhere);
  tcase_add_test (tcase, test_place_everywhere_with_fillers);
  tcase_add_test (tcase, test_place_refuses_nonsense);
  tcase_add_test (tcase, test_size_for);
  tcase_add_test (tcase, test_classify);
  tcase_add_test (tcase, test_release_in_every_order);
  tcase_add_test (tcase, test_walk);
  return suite;
}

GST_CHECK_MAIN (ring);
