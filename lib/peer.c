/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "shared.h"

/* How often to ask whether a process lives, beside watching it, ns. */
#define LOOK_INTERVAL INT64_C (100000000)

/* How often to look at the pid of a peer that leaves without a word, ns. */
#define SILENT_INTERVAL INT64_C (5000000)

void
zb_peer_init (ZbPeer *peer, const ZbMemory *memory, ZbSide side,
    void (*wake) (void *data), void *data)
{
  peer->memory = memory;
  peer->side = side;
  atomic_init (&peer->pid, 0);
  atomic_init (&peer->told, false);
  peer->watch = NULL;
  peer->ended = false;
  peer->next_look = 0;
  peer->wake = wake;
  peer->data = data;
}

static void
on_ended (void *data)
{
  ZbPeer *peer = data;

  /* release pairs with the acquire in has_ended () */
  atomic_store_explicit (&peer->told, true, memory_order_release);
  peer->wake (peer->data);
}

static void
stop_watching (ZbPeer *peer)
{
  zb_platform_watch_stop (peer->watch);
  peer->watch = NULL;
  atomic_store_explicit (&peer->told, false, memory_order_relaxed);
}

/* The lock knows best: the number may be that of a process in another
 * namespace, and mean another one or none in ours, or be used again. */
static bool
look (ZbPeer *peer, uint64_t pid, bool told)
{
  switch (zb_side_get_life (peer->memory, peer->side)) {
    case ZB_LIFE_OVER:
      return true;
    case ZB_LIFE_ALIVE:
      if (told)
        stop_watching (peer); /* a stranger's end */
      return false;
    case ZB_LIFE_UNKNOWN:
      break;
  }
  return told || !zb_platform_process_is_alive (pid);
}

static bool
has_ended (ZbPeer *peer, uint64_t pid, bool waiting)
{
  bool told = atomic_load_explicit (&peer->told, memory_order_acquire);

  if (peer->ended)
    return true;
  if (!told) {
    int64_t now;

    if (peer->watch && !waiting)
      return false;
    now = zb_platform_now ();
    if (now < peer->next_look)
      return false;
    peer->next_look = now + LOOK_INTERVAL;
  }
  peer->ended = look (peer, pid, told);
  return peer->ended;
}

ZbPeerState
zb_peer_check (ZbPeer *peer, bool waiting)
{
  _Atomic uint64_t *field = zb_side_get_pid (peer->memory, peer->side);
  /* acquire: a writer posts its last frame before it clears its pid, so who
   * sees the 0 also sees that post. */
  uint64_t now = zb_shared_load (field, acquire);
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
  if (!has_ended (peer, seen, waiting))
    return ZB_PEER_ALIVE;
  /* It may have left properly just before it ended. */
  now = zb_shared_load (field, acquire);
  return now == seen ? ZB_PEER_DEAD : ZB_PEER_LEFT_CLEANLY;
}

int64_t
zb_peer_get_patience (bool announced)
{
  return announced ? LOOK_INTERVAL : SILENT_INTERVAL;
}

void
zb_peer_clear (ZbPeer *peer)
{
  stop_watching (peer);
  atomic_store_explicit (&peer->pid, 0, memory_order_relaxed);
  peer->ended = false;
}
