/* SPDX-License-Identifier: MIT */
/*
 * The process on the other side: is it there, did it leave, did it crash?
 *
 * It is known by the pid that it writes into the OIEB.  Once seen it is
 * watched, and when its process ends the blocked side is woken at once.  What
 * no watch tells (a peer of protocol 1.0 leaves without a word, or cannot be
 * watched), a blocked side finds out by looking again every ZB_PEER_POLL.
 */
#ifndef ZB_PEER_H
#define ZB_PEER_H

#include <stdatomic.h>

#include "platform.h"

/* How long a blocked side sleeps before it looks at the peer again, ns. */
#define ZB_PEER_POLL INT64_C (5000000)

typedef enum {
  ZB_PEER_NONE, /* not seen so far */
  ZB_PEER_ALIVE,
  ZB_PEER_LEFT_CLEANLY,
  ZB_PEER_DEAD,
  ZB_PEER_NONSENSE, /* what stands there is no process */
} ZbPeerState;

typedef struct {
  _Atomic uint64_t pid; /* set once by the checking thread; 0 = not seen */
  ZbWatch *watch;       /* NULL: cannot be watched, so ask for it */
  atomic_bool ended;    /* set by the watch, before it wakes the other thread */
  int64_t next_look;    /* when to ask for an unwatched process again */
  void (*wake) (void *data);
  void *data;
} ZbPeer;

/* @wake is called from another thread when the peer has ended. */
void zb_peer_init (ZbPeer *peer, void (*wake) (void *data), void *data);

/* @field is the peer's pid in the OIEB. */
ZbPeerState zb_peer_check (ZbPeer *peer, _Atomic uint64_t *field);

void zb_peer_clear (ZbPeer *peer);

#endif
