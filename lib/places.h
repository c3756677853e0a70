/* SPDX-License-Identifier: MIT */
/*
 * Places of the ring that the writer has handed out, to be filled where they
 * are.  Pure: no system call, no atomics, no allocation, no shared memory.
 *
 * Positions here are counted on and on; the offset in the ring is what is left
 * modulo its size.  The writer has two of them: `written`, up to which the
 * reader has been told, and `reserved`, up to which bytes are given away.
 *
 *     ... read | published ......... written | reserved places ...... reserved
 *
 * Places become visible in the order of the ring.  To publish one while an
 * older one is out passes that by: all that lies in front of the published
 * place becomes one filler, and whoever has the older place may go on writing
 * to it, since a filler's header is where that of the place would be.
 *
 * Who has a place may keep it after it was published, or passed by.  Such a
 * place is pinned: when the writer comes round it leaps over it, with a filler.
 */
#ifndef ZB_PLACES_H
#define ZB_PLACES_H

#include "ring.h"
#include "zerobuffer.h"

typedef enum {
  ZB_SLOT_RESERVED, /* not seen by the reader yet */
  ZB_SLOT_PINNED,   /* published, or passed by, and still in use here */
} ZbSlotState;

typedef struct ZbSlot ZbSlot;
struct ZbSlot {
  ZbSlot *next, *previous;
  ZbSlotState state;
  uint64_t start; /* position of the header; of a pinned one, where the writer
                     was there, or leapt over it, last */
  uint64_t bytes; /* with header, and tail */
};

typedef struct {
  uint64_t ring_size;
  bool fillers; /* without, at most one place is held */
  uint64_t written;
  uint64_t reserved;
  uint64_t largest; /* payload so far */
  uint64_t held;    /* bytes of all slots */
  unsigned count;   /* slots */
  ZbSlot *oldest;   /* slots in the order in which the writer will come to */
  ZbSlot *newest;   /* them, by start */
} ZbPlaces;

void zb_places_init (ZbPlaces *places, uint64_t ring_size, bool fillers);

/* What a place is wanted for. */
typedef enum {
  ZB_USE_NOW,  /* a copy, published before anything else happens */
  ZB_USE_HOLD, /* to be filled, and perhaps kept, for as long as one likes */
} ZbUse;

typedef enum {
  ZB_FOUND,
  ZB_FULL,  /* not before the reader gives something back */
  ZB_ROUND, /* not before a wrap was published, by zb_places_wrap () */
  ZB_HELD,  /* not as long as so much is held here */
  ZB_NEVER, /* does not fit this ring from here, however empty it is */
} ZbFinding;

/* A place that was found. */
typedef struct {
  uint64_t start;
  uint64_t bytes;
} ZbRange;

/* Looks for a place, while @used bytes in front of `written` are not given
 * back.  To hold are at most half of the ring, and only so much that a frame as
 * large as the largest so far will find a place, whatever else happens; without
 * fillers, one as large as that which is held. */
ZbFinding zb_places_find (const ZbPlaces *places, uint64_t payload, ZbUse use,
    uint64_t used, ZbRange *range);

/* Takes what was found just before. */
void zb_places_take (
    ZbPlaces *places, const ZbRange *range, uint64_t payload, ZbSlot *slot);

/* What is to be written to the ring, in this order, when something is
 * published. */
typedef struct {
  uint64_t from;    /* offset of what is skipped; the write position so far */
  bool marker;      /* at from: a wrap marker */
  uint64_t filler;  /* bytes of a filler with its header, or 0 ... */
  uint64_t at;      /* ... at this offset */
  uint64_t skipped; /* bytes in front of the frame */
  uint64_t bytes;   /* of the frame, with header and tail; 0 = a wrap alone */
  uint64_t offset;  /* of the frame */
  uint64_t next;    /* the write position then */
} ZbRelease;

/* Publishes @slot with @payload bytes, which may be less than it was taken
 * for.  It then is pinned, until it is dropped.  False if it is too late, since
 * a younger one was published, or if what remains of it could not be skipped:
 * copy it to another place. */
bool zb_places_publish (
    ZbPlaces *places, ZbSlot *slot, uint64_t payload, ZbRelease *release);

/* Publishes that the ring begins anew; reserved places are passed by. */
void zb_places_wrap (ZbPlaces *places, ZbRelease *release);

/* Gives @slot up, whatever its state is. */
void zb_places_drop (ZbPlaces *places, ZbSlot *slot);

#endif
