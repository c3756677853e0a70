/* SPDX-License-Identifier: MIT */
#include "places.h"

#include <string.h>

#define POSITION_LIMIT (UINT64_C (1) << 63)

void
zb_places_init (ZbPlaces *places, uint64_t ring_size, bool fillers)
{
  memset (places, 0, sizeof *places);
  places->ring_size = ring_size;
  places->fillers = fillers;
}

static uint64_t
get_end (const ZbSlot *slot)
{
  return slot->start + slot->bytes;
}

/* ---- the list ---- */

static void
insert (ZbPlaces *places, ZbSlot *slot)
{
  ZbSlot *before = places->newest;

  while (before && before->start > slot->start)
    before = before->previous;
  slot->previous = before;
  slot->next = before ? before->next : places->oldest;
  if (slot->previous)
    slot->previous->next = slot;
  else
    places->oldest = slot;
  if (slot->next)
    slot->next->previous = slot;
  else
    places->newest = slot;
}

static void
unlink_slot (ZbPlaces *places, ZbSlot *slot)
{
  if (slot->previous)
    slot->previous->next = slot->next;
  else
    places->oldest = slot->next;
  if (slot->next)
    slot->next->previous = slot->previous;
  else
    places->newest = slot->previous;
}

/* ---- finding ---- */

/* Where the ring that has @position begins anew. */
static uint64_t
get_lap_end (const ZbPlaces *places, uint64_t position)
{
  return (position / places->ring_size + 1) * places->ring_size;
}

static uint64_t
add_tail (const ZbPlaces *places, uint64_t start, uint64_t bytes)
{
  uint64_t end = start % places->ring_size + bytes;

  return bytes + zb_ring_get_tail (places->ring_size, end, true);
}

/* The first place in which nothing is held, from @position on, one lap.  The
 * last one to be looked at is where @position itself lies: it may begin in front
 * of that.  What remains in front of a held place may be too short for a header:
 * that of a filler then reaches into the header of the place, which nobody
 * uses. */
static bool
find_gap (
    const ZbPlaces *places, uint64_t position, uint64_t bytes, ZbRange *range)
{
  uint64_t start = position;
  uint64_t ahead = 0; /* of its start, when the slot is met */
  const ZbSlot *slot = places->oldest;

  while (slot && slot->start < position)
    slot = slot->next;
  while (start <= position + places->ring_size) {
    uint64_t lap_end = get_lap_end (places, start);
    uint64_t end = lap_end;

    if (!slot) {
      slot = places->oldest;
      ahead += places->ring_size;
    }
    if (slot && slot->start + ahead < lap_end)
      end = slot->start + ahead;
    if (bytes <= end - start) {
      range->start = start;
      range->bytes = add_tail (places, start, bytes);
      return true;
    }
    start = end;
    if (end < lap_end) {
      start += slot->bytes;
      slot = slot->next;
    }
  }
  return false;
}

/* Whether the ring has so many bytes in one piece in which nothing is held, nor
 * will be @extra. */
static bool
leaves_room (const ZbPlaces *places, const ZbRange *extra, uint64_t bytes)
{
  uint64_t size = places->ring_size;
  uint64_t low = extra->start % size, high = low + extra->bytes;

  /* From the beginning of the ring to its end, obstacle by obstacle.  There are
   * so few of them that the next one can be looked for each time. */
  for (uint64_t start = 0; start < size;) {
    uint64_t end = size, next = size;

    if (low >= start) {
      end = low;
      next = high;
    }
    for (const ZbSlot *slot = places->oldest; slot; slot = slot->next) {
      uint64_t offset = slot->start % size;
      if (offset >= start && offset < end) {
        end = offset;
        next = offset + slot->bytes;
      }
    }
    if (bytes <= end - start)
      return true;
    start = next;
  }
  return false;
}

static bool
may_hold (const ZbPlaces *places, const ZbRange *range, uint64_t payload)
{
  uint64_t largest = payload > places->largest ? payload : places->largest;

  return places->count < ZB_PLACES_MAX &&
         places->held + range->bytes <= places->ring_size / 2 &&
         leaves_room (places, range, ZB_FRAME_HEADER_SIZE + largest);
}

/* Without fillers a marker is all there is to skip with, and that goes back to
 * the beginning of the ring.  So what is in front of a held place has to do as a
 * ring, for frames of its size. */
static ZbFinding
find_hold_plainly (const ZbPlaces *places, uint64_t bytes, ZbRange *range)
{
  uint64_t offset = places->written % places->ring_size;
  uint64_t room = places->ring_size - offset;

  if (places->count > 0 || offset / 2 < bytes + ZB_FRAME_HEADER_SIZE ||
      !(bytes == room || bytes + ZB_FRAME_HEADER_SIZE <= room))
    return ZB_HELD;
  range->start = places->written;
  range->bytes = bytes;
  return ZB_FOUND;
}

/* Around the one place that is held. */
static ZbFinding
find_around (const ZbPlaces *places, uint64_t bytes, ZbRange *range)
{
  uint64_t offset = places->written % places->ring_size;
  uint64_t held = places->oldest->start % places->ring_size;

  range->bytes = bytes;
  range->start = places->written;
  if (held >= offset && bytes <= held - offset)
    return ZB_FOUND;
  range->start = get_lap_end (places, places->written);
  return bytes <= held && bytes <= offset ? ZB_FOUND : ZB_HELD;
}

static ZbFinding
find_plainly (
    const ZbPlaces *places, uint64_t payload, ZbUse use, ZbRange *range)
{
  uint64_t bytes = ZB_FRAME_HEADER_SIZE + payload;
  ZbPlacement placement;

  if (use == ZB_USE_HOLD)
    return find_hold_plainly (places, bytes, range);
  if (places->count > 0)
    return find_around (places, bytes, range);
  if (!zb_ring_place (places->ring_size, places->written % places->ring_size,
          payload, false, &placement))
    return ZB_NEVER;
  range->start = places->written + placement.waste;
  range->bytes = bytes;
  return ZB_FOUND;
}

/* The youngest slot that the reader knows nothing of. */
static const ZbSlot *
get_reserved (const ZbPlaces *places)
{
  const ZbSlot *slot = places->newest;

  while (slot && slot->state != ZB_SLOT_RESERVED)
    slot = slot->previous;
  return slot;
}

static ZbFinding
find_with_fillers (
    const ZbPlaces *places, uint64_t payload, ZbUse use, ZbRange *range)
{
  uint64_t from = use == ZB_USE_NOW ? places->written : places->reserved;

  if (!find_gap (places, from, ZB_FRAME_HEADER_SIZE + payload, range) ||
      (use == ZB_USE_HOLD && !may_hold (places, range, payload)))
    return ZB_HELD;
  if (range->start + range->bytes - places->written <= places->ring_size)
    return ZB_FOUND;
  /* More than all of the ring, with what is skipped: that has to be given back
   * first. */
  return use == ZB_USE_HOLD && get_reserved (places) ? ZB_HELD : ZB_ROUND;
}

ZbFinding
zb_places_find (const ZbPlaces *places, uint64_t payload, ZbUse use,
    uint64_t used, ZbRange *range)
{
  ZbFinding finding;
  uint64_t end;

  if (payload == 0 || payload > places->ring_size - ZB_FRAME_HEADER_SIZE)
    return ZB_NEVER;
  finding = places->fillers ? find_with_fillers (places, payload, use, range)
                            : find_plainly (places, payload, use, range);
  if (finding != ZB_FOUND && finding != ZB_ROUND)
    return finding;
  end = finding == ZB_FOUND ? range->start + range->bytes
                            : get_lap_end (places, places->written);
  return end - places->written <= places->ring_size - used ? finding : ZB_FULL;
}

/* The pinned slots up to @position have been leapt over. */
static void
leap (ZbPlaces *places, uint64_t position)
{
  while (
      places->oldest && places->oldest->start + places->ring_size < position) {
    ZbSlot *slot = places->oldest;

    unlink_slot (places, slot);
    slot->start += places->ring_size;
    insert (places, slot);
  }
}

/* A filler that would end within its own header has to cover the slot behind it
 * too. */
static void
pass_by_next (ZbSlot *slot)
{
  ZbSlot *next = slot->next;

  if (next && next->start != get_end (slot) &&
      next->start - get_end (slot) < ZB_FRAME_HEADER_SIZE)
    next->state = ZB_SLOT_PINNED;
}

void
zb_places_take (
    ZbPlaces *places, const ZbRange *range, uint64_t payload, ZbSlot *slot)
{
  leap (places, range->start);
  slot->state = ZB_SLOT_RESERVED;
  slot->start = range->start;
  slot->bytes = range->bytes;
  insert (places, slot);
  pass_by_next (slot);
  if (places->reserved < get_end (slot))
    places->reserved = get_end (slot);
  places->held += slot->bytes;
  places->count++;
  if (payload > places->largest)
    places->largest = payload;
}

/* ---- publishing ---- */

/* Everything up to @position, where a header follows, is skipped. */
static void
skip (const ZbPlaces *places, uint64_t position, ZbRelease *release)
{
  uint64_t lap_end = get_lap_end (places, places->written);
  uint64_t filled = places->written;

  release->from = places->written % places->ring_size;
  release->skipped = position - places->written;
  release->marker = position >= lap_end;
  if (release->marker)
    filled = lap_end;
  release->filler = position - filled;
  release->at = filled % places->ring_size;
}

/* With slots that were reserved up to there. */
static void
pass_by (ZbPlaces *places, uint64_t position)
{
  for (ZbSlot *slot = places->newest; slot && get_end (slot) > places->written;
       slot = slot->previous) {
    if (slot->start < position)
      slot->state = ZB_SLOT_PINNED;
  }
}

static void
shrink (ZbPlaces *places, ZbSlot *slot, uint64_t bytes)
{
  places->held -= slot->bytes - bytes;
  if (places->reserved == get_end (slot))
    places->reserved = slot->start + bytes;
  slot->bytes = bytes;
}

/* What has been reserved behind the slot, and is not published yet, must be
 * reachable by a filler. */
static bool
can_shrink (const ZbPlaces *places, const ZbSlot *slot, uint64_t bytes)
{
  if (bytes == slot->bytes)
    return true;
  return places->fillers && bytes < slot->bytes &&
         (places->reserved == get_end (slot) ||
             slot->bytes - bytes >= ZB_FRAME_HEADER_SIZE);
}

/* Long before positions would overflow, which no ring size divides evenly, they
 * lose some laps. */
static void
lose_laps (ZbPlaces *places)
{
  uint64_t lowest = places->written;
  uint64_t laps;

  if (places->written < POSITION_LIMIT)
    return;
  if (places->oldest && places->oldest->start < lowest)
    lowest = places->oldest->start;
  laps = lowest - lowest % places->ring_size;
  places->written -= laps;
  places->reserved -= laps;
  for (ZbSlot *slot = places->oldest; slot; slot = slot->next)
    slot->start -= laps;
}

bool
zb_places_publish (
    ZbPlaces *places, ZbSlot *slot, uint64_t payload, ZbRelease *release)
{
  uint64_t bytes = ZB_FRAME_HEADER_SIZE + payload;

  if (places->fillers)
    bytes = add_tail (places, slot->start, bytes);
  if (slot->state != ZB_SLOT_RESERVED || !can_shrink (places, slot, bytes))
    return false;
  shrink (places, slot, bytes);
  skip (places, slot->start, release);
  pass_by (places, slot->start);
  slot->state = ZB_SLOT_PINNED;
  places->written = get_end (slot);
  if (places->reserved < places->written)
    places->reserved = places->written;
  release->bytes = slot->bytes;
  release->offset = slot->start % places->ring_size;
  release->next = places->written % places->ring_size;
  lose_laps (places);
  return true;
}

void
zb_places_wrap (ZbPlaces *places, ZbRelease *release)
{
  uint64_t lap_end = get_lap_end (places, places->written);

  leap (places, lap_end);
  skip (places, lap_end, release);
  pass_by (places, lap_end);
  places->written = lap_end;
  if (places->reserved < lap_end)
    places->reserved = lap_end;
  release->bytes = 0;
  release->offset = 0;
  release->next = 0;
}

void
zb_places_drop (ZbPlaces *places, ZbSlot *slot)
{
  const ZbSlot *last;

  unlink_slot (places, slot);
  places->held -= slot->bytes;
  places->count--;
  last = get_reserved (places);
  places->reserved = last ? get_end (last) : places->written;
}
