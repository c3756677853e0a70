/* SPDX-License-Identifier: MIT */
/*
 * The process on the other side: is it there, did it leave, did it crash?
 *
 * It is known by the pid that it writes into the OIEB, and by the lock of the
 * feature LIVENESS where it holds one.  Once seen its process is watched, and
 * when it ends the blocked side is woken at once.  What no watch tells, a
 * blocked side finds out by looking again: see zb_peer_get_patience ().
 */
#ifndef ZB_PEER_H
#define ZB_PEER_H

#include <stdatomic.h>

#include "side.h"

typedef enum {
  ZB_PEER_NONE, /* not seen so far */
  ZB_PEER_ALIVE,
  ZB_PEER_LEFT_CLEANLY,
  ZB_PEER_DEAD,
  ZB_PEER_NONSENSE, /* what stands there is no process */
} ZbPeerState;

typedef struct {
  const ZbMemory *memory;
  ZbSide side;
  _Atomic uint64_t pid; /* set once by the checking thread; 0 = not seen */
  ZbWatch *watch;       /* NULL: cannot be watched */
  atomic_bool told;     /* set by the watch, before it wakes the other thread */
  bool ended;
  int64_t next_look; /* when to ask again whether it lives */
  void (*wake) (void *data);
  void *data;
} ZbPeer;

/* The peer is the @side of @memory.  @wake is called from another thread when
 * its process has ended. */
void zb_peer_init (ZbPeer *peer, const ZbMemory *memory, ZbSide side,
    void (*wake) (void *data), void *data);

/* @waiting: the caller is about to sleep, so that a look at what no watch tells
 * costs it nothing. */
ZbPeerState zb_peer_check (ZbPeer *peer, bool waiting);

/* How long a blocked side may sleep before it looks at the peer again, ns.
 * @announced: the peer wakes it when it leaves, as in protocol 1.1. */
int64_t zb_peer_get_patience (bool announced);

void zb_peer_clear (ZbPeer *peer);

#endif
