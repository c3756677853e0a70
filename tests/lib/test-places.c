/* SPDX-License-Identifier: MIT */
/*
 * All that can happen to the places of a small ring, up to a depth, and a long
 * walk at random in larger ones, against a ring of real bytes: whoever holds a
 * frame, on either side, finds in it what was written to it.
 */
#include <gst/check/gstcheck.h>
#include <string.h>

#include "places.h"

/* Much quicker than fail_unless (), which takes note of each success too. */
#define need(condition)                                                        \
  G_STMT_START                                                                 \
  {                                                                            \
    if (G_UNLIKELY (!(condition)))                                             \
      fail ("not so: %s", #condition);                                         \
  }                                                                            \
  G_STMT_END

#define RING_MAX 512
#define HELD_MAX 8
#define POSTED_MAX 64

/* One that the writer's side holds. */
typedef struct {
  ZbSlot slot;
  gboolean used;
  guint8 id; /* in every byte of the payload */
  guint64 payload;
} Held;

/* One that the reader was told of. */
typedef struct {
  guint8 id; /* 0 = a wrap alone */
  guint64 payload;
} Posted;

/* One that the reader has: read, not given back. */
typedef struct {
  guint64 offset, payload, bytes;
  guint8 id;
  gboolean released;
} Read;

typedef struct {
  ZbPlaces places;
  Held held[HELD_MAX];
  guint8 ring[RING_MAX];
  guint8 next_id;
  guint64 sequence; /* of the next to be published */
  Posted posted[POSTED_MAX];
  guint n_posted;
  Read read[POSTED_MAX];
  guint n_read;
  guint64 used;     /* not given back */
  guint64 position; /* of the reader */
  guint64 expected; /* sequence */
  gboolean younger; /* some younger place was published before an older one */
} World;

static void
relocate (ZbSlot **slot, const World *from, World *to)
{
  if (*slot)
    *slot = (ZbSlot *) ((guint8 *) to + ((guint8 *) *slot - (guint8 *) from));
}

static void
copy_world (World *to, const World *from)
{
  memcpy (to, from, sizeof *to);
  relocate (&to->places.oldest, from, to);
  relocate (&to->places.newest, from, to);
  for (guint i = 0; i < HELD_MAX; i++) {
    relocate (&to->held[i].slot.next, from, to);
    relocate (&to->held[i].slot.previous, from, to);
  }
}

static void
init_world (World *world, guint64 ring_size, gboolean fillers)
{
  memset (world, 0, sizeof *world);
  zb_places_init (&world->places, ring_size, fillers);
  world->next_id = 1;
  world->sequence = world->expected = 1;
}

static guint8
take_id (World *world)
{
  guint8 id = world->next_id++;

  if (world->next_id == 0)
    world->next_id = 1;
  return id;
}

static guint8 *
get_data (World *world, const ZbSlot *slot)
{
  return world->ring + slot->start % world->places.ring_size +
         ZB_FRAME_HEADER_SIZE;
}

static void
assert_filled (const guint8 *data, guint64 size, guint8 id)
{
  for (guint64 i = 0; i < size; i++)
    need (data[i] == id);
}

static void
check_world (World *world)
{
  guint64 bytes = 0;
  guint count = 0;

  for (guint i = 0; i < HELD_MAX; i++) {
    Held *held = &world->held[i];
    if (!held->used)
      continue;
    assert_filled (get_data (world, &held->slot), held->payload, held->id);
    bytes += held->slot.bytes;
    count++;
  }
  for (guint i = 0; i < world->n_read; i++) {
    Read *read = &world->read[i];
    if (!read->released)
      assert_filled (world->ring + read->offset, read->payload, read->id);
  }
  need (world->places.held == bytes);
  need (world->places.count == count);
  need (world->used <= world->places.ring_size);
  need (world->places.written <= world->places.reserved);
}

/* ---- the writer ---- */

static void
put_header (World *world, guint64 offset, guint64 size, guint64 sequence)
{
  ZbFrameHeader header = { size, sequence };

  need (offset + sizeof header <= world->places.ring_size);
  memcpy (world->ring + offset, &header, sizeof header);
}

static void
carry_out (World *world, const ZbRelease *release, guint8 id, guint64 payload)
{
  Posted *posted = &world->posted[world->n_posted++];

  need (world->n_posted <= POSTED_MAX);
  if (release->marker)
    put_header (world, release->from, 0,
        release->bytes ? ZB_SEQUENCE_NONE : ZB_SEQUENCE_WRAP_ALONE);
  if (release->filler)
    put_header (world, release->at, release->filler - ZB_FRAME_HEADER_SIZE, 0);
  if (release->bytes)
    put_header (world, release->offset, payload, world->sequence++);
  posted->id = id;
  posted->payload = payload;
  world->used += release->skipped + release->bytes;
  need (world->used <= world->places.ring_size);
}

static ZbFinding
reserve (World *world, guint64 payload, ZbUse use, Held **held)
{
  ZbFinding finding;
  ZbRelease release;
  ZbRange range;
  guint i;

  for (i = 0; i < HELD_MAX && world->held[i].used; i++)
    ;
  if (i == HELD_MAX)
    return ZB_HELD;
  finding = zb_places_find (&world->places, payload, use, world->used, &range);
  if (finding == ZB_ROUND) {
    zb_places_wrap (&world->places, &release);
    carry_out (world, &release, 0, 0);
  }
  if (finding != ZB_FOUND)
    return finding;
  *held = &world->held[i];
  zb_places_take (&world->places, &range, payload, &(*held)->slot);
  need (range.start % world->places.ring_size + range.bytes <=
        world->places.ring_size);
  need (use == ZB_USE_NOW || !world->places.fillers ||
        world->places.held <= world->places.ring_size / 2);
  (*held)->used = TRUE;
  (*held)->id = take_id (world);
  (*held)->payload = payload;
  memset (get_data (world, &(*held)->slot), (*held)->id, payload);
  return ZB_FOUND;
}

static void
drop (World *world, Held *held)
{
  zb_places_drop (&world->places, &held->slot);
  held->used = FALSE;
}

static gboolean
is_passed (World *world, const Held *held)
{
  return held->slot.start < world->places.written;
}

static gboolean
publish (World *world, Held *held, guint64 payload)
{
  gboolean passed = is_passed (world, held);
  ZbRelease release;

  if (!zb_places_publish (&world->places, &held->slot, payload, &release)) {
    need (passed || payload < held->payload);
    return FALSE;
  }
  need (!passed);
  held->payload = payload;
  carry_out (world, &release, held->id, payload);
  /* Nothing may be kept of what 1.0 readers give back. */
  if (!world->places.fillers)
    drop (world, held);
  return TRUE;
}

static ZbFinding
write_now (World *world, guint64 payload)
{
  Held *held;
  ZbFinding finding = reserve (world, payload, ZB_USE_NOW, &held);

  if (finding != ZB_FOUND)
    return finding;
  need (publish (world, held, payload));
  if (held->used)
    drop (world, held);
  return ZB_FOUND;
}

/* ---- the reader, as simple as can be ---- */

static void
forget_first_post (World *world)
{
  world->n_posted--;
  memmove (world->posted, world->posted + 1, world->n_posted * sizeof (Posted));
}

static void
read_next (World *world)
{
  guint64 size = world->places.ring_size;
  Posted posted = world->posted[0];
  Read *read = &world->read[world->n_read++];

  forget_first_post (world);
  memset (read, 0, sizeof *read);
  for (;;) {
    ZbFrameHeader header;
    ZbRingItem item;
    guint64 tail;

    if (!zb_ring_has_header (size, world->position)) {
      read->bytes += size - world->position;
      world->position = 0;
    }
    memcpy (&header, world->ring + world->position, sizeof header);
    item = zb_ring_classify (
        size, world->position, &header, world->expected, world->places.fillers);
    switch (item) {
      case ZB_RING_FILLER:
        read->bytes += ZB_FRAME_HEADER_SIZE + header.payload_size;
        world->position += ZB_FRAME_HEADER_SIZE + header.payload_size;
        continue;
      case ZB_RING_WRAP:
      case ZB_RING_WRAP_ALONE:
        read->bytes += size - world->position;
        world->position = 0;
        if (item == ZB_RING_WRAP)
          continue;
        need (posted.id == 0);
        read->released = TRUE;
        return;
      case ZB_RING_FRAME:
        need (header.payload_size == posted.payload);
        world->expected++;
        read->id = posted.id;
        read->payload = posted.payload;
        read->offset = world->position + ZB_FRAME_HEADER_SIZE;
        world->position = read->offset + read->payload;
        tail = zb_ring_get_tail (size, world->position, world->places.fillers);
        world->position += tail;
        read->bytes += ZB_FRAME_HEADER_SIZE + read->payload + tail;
        assert_filled (world->ring + read->offset, read->payload, read->id);
        return;
      default:
        fail ("the ring has nonsense: %d", item);
    }
  }
}

static void
give_back (World *world)
{
  while (world->n_read > 0 && world->read[0].released) {
    need (world->used >= world->read[0].bytes);
    world->used -= world->read[0].bytes;
    world->n_read--;
    memmove (world->read, world->read + 1, world->n_read * sizeof (Read));
  }
}

static void
drain (World *world)
{
  while (world->n_posted > 0)
    read_next (world);
  for (guint i = 0; i < world->n_read; i++)
    world->read[i].released = TRUE;
  give_back (world);
  need (world->used == 0);
}

/* The largest frame of which that holds: with nothing held, any that the ring
 * can hold, though 1.0 can promise no more than half of it. */
static guint64
get_promised (const World *world)
{
  if (world->places.count > 0)
    return world->places.largest;
  if (world->places.fillers)
    return world->places.ring_size - ZB_FRAME_HEADER_SIZE;
  return world->places.ring_size / 2 - 2 * ZB_FRAME_HEADER_SIZE;
}

/* Once the reader has given all back, a frame gets through, whatever is held
 * here. */
static void
check_not_starved (const World *world)
{
  World *end = g_new (World, 1);
  ZbFinding finding;

  copy_world (end, world);
  drain (end);
  finding = write_now (end, get_promised (world));
  if (finding == ZB_ROUND) {
    drain (end);
    finding = write_now (end, get_promised (world));
  }
  need (finding == ZB_FOUND);
  drain (end);
  g_free (end);
}

/* ---- what can happen ---- */

static const guint64 payloads[] = { 16, 40, 48 };

#define N_PAYLOADS G_N_ELEMENTS (payloads)
#define N_ACTIONS (2 * N_PAYLOADS + 3 * HELD_MAX + 1 + 3)

/* FALSE: that cannot happen now. */
static gboolean
act (World *world, guint action)
{
  Held *held;

  /* Without fillers places are held for frames of one size. */
  if (!world->places.fillers && action < 2 * N_PAYLOADS &&
      action % N_PAYLOADS != 0)
    return FALSE;
  if (action < N_PAYLOADS)
    return reserve (world, payloads[action], ZB_USE_HOLD, &held) <= ZB_ROUND;
  action -= N_PAYLOADS;
  if (action < N_PAYLOADS)
    return write_now (world, payloads[action]) <= ZB_ROUND;
  action -= N_PAYLOADS;
  if (action < 3 * HELD_MAX) {
    held = &world->held[action / 3];
    if (!held->used)
      return FALSE;
    if (action % 3 == 0) {
      drop (world, held);
      return TRUE;
    }
    if (held->slot.state != ZB_SLOT_RESERVED)
      return FALSE;
    return publish (
        world, held, action % 3 == 1 ? held->payload : held->payload - 8);
  }
  action -= 3 * HELD_MAX;
  if (action == 0) {
    if (world->n_posted == 0)
      return FALSE;
    read_next (world);
    give_back (world);
    return TRUE;
  }
  action--;
  if (action >= world->n_read || world->read[action].released)
    return FALSE;
  world->read[action].released = TRUE;
  give_back (world);
  return TRUE;
}

static guint64
explore (const World *world, guint depth)
{
  World *next = g_new (World, 1);
  guint64 states = 1;

  for (guint action = 0; depth > 0 && action < N_ACTIONS; action++) {
    copy_world (next, world);
    if (!act (next, action))
      continue;
    check_world (next);
    check_not_starved (next);
    states += explore (next, depth - 1);
  }
  g_free (next);
  return states;
}

GST_START_TEST (test_everything)
{
  static const struct {
    guint64 ring_size;
    gboolean fillers;
    guint depth;
  } cases[] = { { 128, TRUE, 7 }, { 192, TRUE, 7 }, { 256, TRUE, 6 },
    { 256, FALSE, 9 } };
  World *world = g_new (World, 1);
  guint64 states;

  init_world (world, cases[__i__].ring_size, cases[__i__].fillers);
  states = explore (world, cases[__i__].depth);
  GST_INFO ("%" G_GUINT64_FORMAT " states", states);
  g_free (world);
}

GST_END_TEST;

/* Far from the beginning, and with more of everything. */
GST_START_TEST (test_long_walk)
{
  GRand *random = g_rand_new_with_seed (__i__);
  World *world = g_new (World, 1);
  World *next = g_new (World, 1);

  init_world (world, 128 + 64 * (__i__ % 7), __i__ % 5 != 0);
  for (guint step = 0; step < 20000; step++) {
    if (world->n_posted + world->n_read > POSTED_MAX / 2)
      drain (world);
    copy_world (next, world);
    if (!act (next, g_rand_int_range (random, 0, N_ACTIONS)))
      continue;
    copy_world (world, next);
    check_world (world);
    check_not_starved (world);
  }
  g_free (next);
  g_free (world);
  g_rand_free (random);
}

GST_END_TEST;

static Suite *
places_suite (void)
{
  Suite *suite = suite_create ("places");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_loop_test (chain, test_everything, 0, 4);
  tcase_add_loop_test (chain, test_long_walk, 0, 35);
  return suite;
}

GST_CHECK_MAIN (places);
