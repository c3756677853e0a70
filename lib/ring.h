/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic on the ring: where the next frame goes, what a header means,
 * what is given back when.  Pure: no system call, no atomics, no allocation,
 * no shared memory.
 *
 * A "position" is an offset in the ring, "bytes" include frame headers.
 */
#ifndef ZB_RING_H
#define ZB_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

/* Rounds up to 64.  @size is at most UINT64_MAX - 63. */
static inline uint64_t
zb_align64 (uint64_t size)
{
  return (size + (ZB_ALIGNMENT - 1)) & ~(ZB_ALIGNMENT - 1);
}

/* ---- writing ---- */

typedef struct {
  uint64_t position; /* of the frame's header */
  uint64_t waste;    /* bytes left unused before the end; 0 = no wrap */
  uint64_t need;     /* free bytes it takes: waste, frame and tail */
  uint64_t next;     /* write position behind the frame */
  bool alone;        /* the wrap has to be published before the frame can be
                        placed: need is only the waste, next is 0 */
} ZbPlacement;

/* Where a frame of @payload bytes goes when the next free byte is at
 * @position.  False if it can never be written from there, however empty the
 * ring is.
 * @fillers: the reader knows the feature FILLER.  Then a wrap can stand alone,
 * and a tail too short for a header belongs to the frame in front of it; every
 * frame that the ring can hold gets through. */
bool zb_ring_place (uint64_t ring_size, uint64_t position, uint64_t payload,
    bool fillers, ZbPlacement *placement);

/* The smallest ring in which frames of @payload bytes always get through,
 * wherever the write position is. */
uint64_t zb_ring_size_for (uint64_t payload, bool fillers);

/* ---- reading ---- */

typedef enum {
  ZB_RING_FRAME, /* the header is a frame's, and the frame is in the ring */
  ZB_RING_WRAP,  /* the rest of the ring is waste; go on at 0 */
  ZB_RING_WRAP_ALONE, /* the same, but what follows has not been posted */
  ZB_RING_FILLER,     /* nobody's frame; go on behind it */
  ZB_RING_BAD_MARKER,
  ZB_RING_BAD_SIZE,
  ZB_RING_BAD_SEQUENCE,
} ZbRingItem;

/* False where no header fits before the end: the wrap is implied there. */
static inline bool
zb_ring_has_header (uint64_t ring_size, uint64_t position)
{
  return ring_size - position >= ZB_FRAME_HEADER_SIZE;
}

/* What the header found at @position says; @fillers as above. */
ZbRingItem zb_ring_classify (uint64_t ring_size, uint64_t position,
    const ZbFrameHeader *header, uint64_t expected_sequence, bool fillers);

/* The tail behind a frame that ends at @end, if it is too short for a header
 * and belongs to the frame therefore; else 0. */
static inline uint64_t
zb_ring_get_tail (uint64_t ring_size, uint64_t end, bool fillers)
{
  return fillers && !zb_ring_has_header (ring_size, end) ? ring_size - end : 0;
}

/* The number of the frame behind that of @sequence: they start anew at 1. */
static inline uint64_t
zb_ring_next_sequence (uint64_t sequence)
{
  return sequence == UINT64_MAX ? 1 : sequence + 1;
}

/* ---- giving back ---- */

/* The place of a frame that was read, with the waste in front of it. */
typedef struct ZbSpan ZbSpan;
struct ZbSpan {
  ZbSpan *next;
  uint64_t start; /* bytes read from the ring before this span */
  uint64_t bytes;
  bool released;
};

/* Spans in the order of the ring, oldest first. */
typedef struct {
  ZbSpan *oldest;
  ZbSpan *newest;
  uint64_t end; /* bytes read from the ring so far, waste included */
} ZbSpans;

void zb_spans_push (ZbSpans *spans, ZbSpan *span, uint64_t bytes);

/* Releases @span.  Takes off the list, and returns as a list, all spans that
 * can be given back now: none while an older one is held.  *bytes is their
 * sum. */
ZbSpan *zb_spans_release (ZbSpans *spans, ZbSpan *span, uint64_t *bytes);

/* Bytes from the oldest span that is held to the read position. */
uint64_t zb_spans_held (const ZbSpans *spans);

#endif
