/* SPDX-License-Identifier: MIT */
#include "ring.h"

/* A tail too short for a header is poison to readers that look for one
 * there, so a frame may end exactly at the end or leave room for a header. */
static bool
fits_at (uint64_t ring_size, uint64_t position, uint64_t bytes)
{
  uint64_t room = ring_size - position;

  return bytes == room ||
         (bytes < room && room - bytes >= ZB_FRAME_HEADER_SIZE);
}

static bool
place_plainly (uint64_t ring_size, uint64_t position, uint64_t bytes,
    ZbPlacement *placement)
{
  if (!fits_at (ring_size, position, bytes)) {
    /* The tail is given up.  The frame then must end in front of the write
     * position: only what lies there can ever be free. */
    if (bytes > position || !fits_at (ring_size, 0, bytes))
      return false;
    placement->position = 0;
    placement->waste = ring_size - position;
  }
  placement->need = placement->waste + bytes;
  placement->next = placement->position + bytes;
  if (placement->next == ring_size)
    placement->next = 0;
  return true;
}

/* Cannot fail.  Behind @position there is always room for a header, since a
 * tail without is never left. */
static void
place_with_fillers (uint64_t ring_size, uint64_t position, uint64_t bytes,
    ZbPlacement *placement)
{
  uint64_t tail;

  if (bytes > ring_size - position) {
    placement->position = 0;
    placement->waste = ring_size - position;
    placement->alone = bytes > position;
  }
  if (placement->alone) {
    placement->need = placement->waste;
    placement->next = 0;
    return;
  }
  placement->next = placement->position + bytes;
  tail = zb_ring_get_tail (ring_size, placement->next, true);
  placement->need = placement->waste + bytes + tail;
  if (placement->next + tail == ring_size)
    placement->next = 0;
}

bool
zb_ring_place (uint64_t ring_size, uint64_t position, uint64_t payload,
    bool fillers, ZbPlacement *placement)
{
  uint64_t bytes;

  if (payload == 0 || payload > ring_size - ZB_FRAME_HEADER_SIZE)
    return false;
  bytes = ZB_FRAME_HEADER_SIZE + payload;

  placement->position = position;
  placement->waste = 0;
  placement->alone = false;
  if (!fillers)
    return place_plainly (ring_size, position, bytes, placement);
  place_with_fillers (ring_size, position, bytes, placement);
  return true;
}

/* A wrap gives up at most the frame's own size and 15 bytes more; half a ring
 * less a header therefore always gets through. */
uint64_t
zb_ring_size_for (uint64_t payload, bool fillers)
{
  uint64_t largest = (UINT64_MAX - ZB_ALIGNMENT) / 2 - 2 * ZB_FRAME_HEADER_SIZE;

  if (payload > largest)
    return UINT64_MAX & ~(ZB_ALIGNMENT - 1);
  if (fillers)
    return zb_align64 (ZB_FRAME_HEADER_SIZE + payload);
  return zb_align64 (2 * (payload + 2 * ZB_FRAME_HEADER_SIZE));
}

ZbRingItem
zb_ring_classify (uint64_t ring_size, uint64_t position,
    const ZbFrameHeader *header, uint64_t expected_sequence, bool fillers)
{
  uint64_t sequence = header->sequence_number;

  if (header->payload_size == 0) {
    /* At 0 a marker would send the reader round for ever. */
    if (position != 0 && sequence == ZB_SEQUENCE_NONE)
      return ZB_RING_WRAP;
    if (position != 0 && sequence == ZB_SEQUENCE_WRAP_ALONE && fillers)
      return ZB_RING_WRAP_ALONE;
    return ZB_RING_BAD_MARKER;
  }
  if (header->payload_size > ring_size - position - ZB_FRAME_HEADER_SIZE)
    return ZB_RING_BAD_SIZE;
  if (sequence == ZB_SEQUENCE_NONE && fillers)
    return ZB_RING_FILLER;
  if (header->sequence_number != expected_sequence)
    return ZB_RING_BAD_SEQUENCE;
  return ZB_RING_FRAME;
}

void
zb_spans_push (ZbSpans *spans, ZbSpan *span, uint64_t bytes)
{
  span->next = NULL;
  span->start = spans->end;
  span->bytes = bytes;
  span->released = false;

  if (spans->newest)
    spans->newest->next = span;
  else
    spans->oldest = span;
  spans->newest = span;
  spans->end += bytes;
}

ZbSpan *
zb_spans_release (ZbSpans *spans, ZbSpan *span, uint64_t *bytes)
{
  ZbSpan *first = spans->oldest;
  ZbSpan *last = NULL;

  span->released = true;
  *bytes = 0;
  while (spans->oldest && spans->oldest->released) {
    last = spans->oldest;
    spans->oldest = last->next;
    *bytes += last->bytes;
  }
  if (!last)
    return NULL;

  if (!spans->oldest)
    spans->newest = NULL;
  last->next = NULL;
  return first;
}

uint64_t
zb_spans_held (const ZbSpans *spans)
{
  return spans->oldest ? spans->end - spans->oldest->start : 0;
}
