/* SPDX-License-Identifier: MIT */
/*
 * One buffer's life on the reading side: from its creation, through the one
 * writer that uses it, to the release of its last frame.
 *
 * A session is kept alive by its reader and by every frame that is out.
 */
#ifndef ZB_SESSION_H
#define ZB_SESSION_H

#include "buffer.h"
#include "counters.h"
#include "peer.h"
#include "ring.h"
#include "spin.h"

typedef struct ZbSession ZbSession;

/* A mapping of the buffer that frames are handed out from.  Once a frame was
 * detached in it, it no longer shows all of the ring, and later frames come
 * from a new one. */
typedef struct {
  unsigned references; /* of the frames in it, and the session's */
  void *address;
} ZbView;

struct ZbFrame {
  ZbSpan span; /* first, so that a span is its frame */
  ZbSession *session;
  ZbView *view;    /* NULL once the user has released the frame */
  bool detached;   /* the span was released before the frame */
  bool given_back; /* the span is off the list; used while detached */
  const uint8_t *data;
  size_t size;
  uint64_t sequence;
};

struct ZbSession {
  atomic_uint references;
  const char *name; /* the reader's; not used after it is gone */
  ZbBuffer buffer;
  uint64_t process; /* this one */
  int64_t started;  /* time */

  /* Used by the reading thread alone. */
  ZbPeer peer;
  ZbSpin spin;
  uint64_t position; /* of the next header */
  uint64_t sequence; /* expected next */
  uint64_t features; /* that the writer uses; may be 0 until its first post */
  uint64_t commits;  /* frames, and wraps alone: what has a post */
  uint64_t posts_taken; /* successful waits on the data semaphore */
  uint64_t largest;     /* payload of the largest frame so far */
  uint64_t requested;   /* size of the ring that the writer asked for */
  ZbError end;          /* why there are no more frames; ZB_OK = there are */
  uint8_t *metadata;    /* private copy; NULL: none so far */
  size_t metadata_size;

  /* Posts of the data semaphore that stand for no frame: this side's own, to
   * wake itself.  Counted before they are posted, so that a frame is only
   * taken for granted if more posts arrived than these; both with the lock, so
   * that its holder finds neither without the other. */
  _Atomic uint64_t posts_own;

  ZbMutex *mutex; /* guards what follows, and the views and frames */
  ZbView *view;   /* of the frames to come */
  ZbSpans spans;  /* of the frames that are out */
  ZbFrame *spare; /* frames to be used again, linked by span.next */
  bool retired;   /* nobody is there to give bytes back to */
};

/* Takes @buffer over, also when it fails for lack of memory (NULL). */
ZbSession *zb_session_new (const char *name, ZbBuffer *buffer);
void zb_session_unref (ZbSession *session);

/* The reader goes away from it: names are removed, frames live on.  False if
 * they could not be removed. */
bool zb_session_retire (ZbSession *session);

/* Wakes the reading thread.  Any thread. */
void zb_session_wake (ZbSession *session);

/* The reading thread's: the next frame, if one was posted.  ZB_TIMEOUT if
 * not. */
ZbResult zb_session_try_read (
    ZbSession *session, ZbCounters *counters, ZbFrame **frame, ZbError *error);

/* Sleeps until something is posted, or @deadline. */
void zb_session_wait (ZbSession *session, int64_t deadline);

/* How long the reading thread may sleep before it looks at the writer again. */
int64_t zb_session_get_patience (const ZbSession *session, int64_t now);

/* Any thread. */
void zb_session_request_key_unit (ZbSession *session);

ZbResult zb_session_get_metadata (
    ZbSession *session, const void **data, size_t *size, ZbError *error);

#endif
