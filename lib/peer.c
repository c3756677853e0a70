/* SPDX-License-Identifier: MIT */
#include "peer.h"

/* A process that cannot be watched is asked for this often, ns. */
#define LOOK_INTERVAL INT64_C (100000000)

void
zb_peer_init (ZbPeer *peer, void (*wake) (void *data), void *data)
{
  atomic_init (&peer->pid, 0);
  atomic_init (&peer->ended, false);
  peer->watch = NULL;
  peer->next_look = 0;
  peer->wake = wake;
  peer->data = data;
}

static void
on_ended (void *data)
{
  ZbPeer *peer = data;

  /* release pairs with the acquire in has_ended () */
  atomic_store_explicit (&peer->ended, true, memory_order_release);
  peer->wake (peer->data);
}

static bool
has_ended (ZbPeer *peer, uint64_t pid)
{
  int64_t now;

  if (atomic_load_explicit (&peer->ended, memory_order_acquire))
    return true;
  if (peer->watch)
    return false;
  now = zb_platform_now ();
  if (now < peer->next_look)
    return false;
  peer->next_look = now + LOOK_INTERVAL;
  if (zb_platform_process_is_alive (pid))
    return false;
  atomic_store_explicit (&peer->ended, true, memory_order_relaxed);
  return true;
}

ZbPeerState
zb_peer_check (ZbPeer *peer, _Atomic uint64_t *field)
{
  /* acquire: a writer posts its last frame before it clears its pid, so who
   * sees the 0 also sees that post. */
  uint64_t now = atomic_load_explicit (field, memory_order_acquire);
  uint64_t seen = atomic_load_explicit (&peer->pid, memory_order_relaxed);

  if (now != 0 && !zb_platform_process_is_valid (now))
    return ZB_PEER_NONSENSE;
  if (seen == 0) {
    if (now == 0)
      return ZB_PEER_NONE;
    seen = now;
    atomic_store_explicit (&peer->pid, now, memory_order_relaxed);
    peer->watch = zb_platform_watch_start (now, on_ended, peer);
  }
  /* Another one in its place: that one's session is not this one's. */
  if (now != seen)
    return ZB_PEER_LEFT_CLEANLY;
  if (!has_ended (peer, seen))
    return ZB_PEER_ALIVE;
  /* It may have left properly just before it ended. */
  now = atomic_load_explicit (field, memory_order_acquire);
  return now == seen ? ZB_PEER_DEAD : ZB_PEER_LEFT_CLEANLY;
}

void
zb_peer_clear (ZbPeer *peer)
{
  zb_platform_watch_stop (peer->watch);
  peer->watch = NULL;
  atomic_store_explicit (&peer->pid, 0, memory_order_relaxed);
  atomic_store_explicit (&peer->ended, false, memory_order_relaxed);
}
