/* SPDX-License-Identifier: MIT */
/*
 * One buffer's life on the writing side: from the connection to it until the
 * last place in its ring is released.
 *
 * A link is kept alive by its writer, by every place that is out, and by every
 * thread that waits in it.
 */
#ifndef ZB_LINK_H
#define ZB_LINK_H

#include "buffer.h"
#include "counters.h"
#include "peer.h"
#include "places.h"
#include "spin.h"

typedef struct ZbLink ZbLink;

struct ZbPlace {
  ZbSlot slot; /* first, so that a slot is its place; guarded by the link */
  ZbLink *link;
  bool gone; /* the slot was given up before the place */
  uint8_t *data;
  size_t size;
  ZbPlace *next; /* spare */
};

struct ZbLink {
  atomic_uint references;
  const char *name;     /* the writer's; not used after it is gone */
  ZbCounters *counters; /* the same; written with the lock */
  ZbBuffer buffer;
  uint64_t features;         /* in use */
  uint64_t process;          /* this one */
  uint64_t metadata_written; /* of the thread that writes it */
  int64_t posted_at;         /* of the thread that publishes */

  ZbMutex *mutex;     /* guards what follows */
  ZbCondition *awake; /* somebody has slept on the semaphore, and is awake */
  bool sleeping;      /* somebody does */
  bool over;          /* the writer has disconnected */
  ZbPeer peer;
  ZbPlaces places;
  ZbSpin spin;
  uint64_t sequence; /* of the next frame */
  uint64_t count;    /* written_count: frames and markers */
  uint64_t used;     /* bytes of the ring in use, when last looked at */
  ZbPlace *spare;    /* places to be used again */
};

/* Takes @buffer over, also when it fails for lack of memory (NULL). */
ZbLink *zb_link_new (const char *name, ZbBuffer *buffer, uint64_t features,
    ZbCounters *counters);
ZbLink *zb_link_ref (ZbLink *link);
void zb_link_unref (ZbLink *link);

/* The writer goes away from it: whoever waits is sent away too; places live on.
 * True if the reader has crashed. */
bool zb_link_end (ZbLink *link);

/* What is wanted, how long to wait for it, and what ends the wait. */
typedef struct {
  size_t size;
  ZbUse use;
  int64_t deadline; /* 0: does not wait, and cannot be interrupted */
  const atomic_bool *interrupted;
} ZbRequest;

/* Any thread. */
ZbResult zb_link_reserve (
    ZbLink *link, const ZbRequest *request, ZbPlace **place, ZbError *error);

/* Makes the first @size bytes of @place a frame.  ZB_NO_PLACE: it is too late,
 * see zb_places_publish (). */
ZbResult zb_link_publish (
    ZbLink *link, ZbPlace *place, size_t size, ZbError *error);

/* Publishes and releases a place that is younger than all that was published. */
void zb_link_commit (ZbLink *link, ZbPlace *place);

/* Whether the reader is still there. */
ZbResult zb_link_check_reader (ZbLink *link, ZbError *error);

#endif
