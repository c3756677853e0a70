/* SPDX-License-Identifier: MIT */
/*
 * libzerobuffer: frames from one process to another through shared memory.
 *
 * A buffer has a name, one reader and one writer.  The reader creates the
 * buffer and owns everything of it; the writer connects to it.  A typical
 * reading process
 *
 *     zb_reader_create -> { zb_reader_read -> use -> zb_frame_release } ...
 *         -> zb_reader_close
 *
 * and the writing one
 *
 *     zb_writer_new -> zb_writer_connect -> zb_writer_set_metadata
 *         -> zb_writer_write ... -> zb_writer_free
 *
 * Results: every call that can fail returns a ZbResult and takes a ZbError,
 * which may be NULL, for the whole story in words.
 *
 * Times are nanoseconds of the monotonic clock.  A timeout of 0 never waits,
 * ZB_FOREVER waits without end.  A signal does not cut a wait short.
 *
 * Threads: a reader or writer is used by one thread at a time, except for
 * the functions that say "any thread".  Frames may be released by any
 * thread, in any order, also after their reader was closed.
 *
 * The library keeps no global state, writes nothing to stdout or stderr and
 * never ends the process.
 */
#ifndef ZEROBUFFER_H
#define ZEROBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ZB_API
#define ZB_API
#endif

#define ZB_FOREVER INT64_MAX

/* The longest name of a buffer, in bytes.  A name is not empty, has no '/'
 * and is not "." or "..". */
#define ZB_NAME_MAX 245

/* X (name, what it says when nothing better is known) */
#define ZB_RESULTS(X)                                                          \
  X (ZB_OK, "success")                                                         \
  X (ZB_TIMEOUT, "nothing happened within the timeout")                        \
  X (ZB_INTERRUPTED, "the wait was interrupted")                               \
  X (ZB_PEER_LEFT, "the other side has left")                                  \
  X (ZB_PEER_CRASHED, "the other side's process ended without leaving")        \
  X (ZB_GROW, "the writer asks for a larger ring")                             \
  X (ZB_NOT_READY, "no reader is ready for a writer")                          \
  X (ZB_BUSY, "in use by another process")                                     \
  X (ZB_INVALID, "invalid argument")                                           \
  X (ZB_TOO_LARGE, "does not fit")                                             \
  X (ZB_NO_PLACE, "the places that are held leave no other")                   \
  X (ZB_METADATA_SET, "the metadata is write-once and was written before")     \
  X (ZB_NO_SPACE, "not enough shared memory")                                  \
  X (ZB_PERMISSION, "permission denied")                                       \
  X (ZB_CORRUPT, "the shared memory holds impossible values")                  \
  X (ZB_INCOMPATIBLE, "the other side speaks another protocol version")        \
  X (ZB_SYSTEM, "the operating system refused")

typedef enum {
#define ZB_RESULT_NAME(name, text) name,
  ZB_RESULTS (ZB_RESULT_NAME)
#undef ZB_RESULT_NAME
} ZbResult;

/* The general meaning of a result; a static string.  Any thread. */
ZB_API const char *zb_result_text (ZbResult result);

/* What went wrong: which object, what was found, what was expected and what
 * can be done.  Filled whenever a call returns anything but ZB_OK. */
typedef struct {
  ZbResult result;
  int os_error; /* errno (or its like) where a system call failed, else 0 */
  char message[1024];
} ZbError;

/* Counters of one end, from its creation on, over all sessions.  Bytes are
 * payload bytes without headers, except for the ring_ fields, which count
 * what is taken in the ring. */
typedef struct {
  uint64_t frames;        /* read, or published */
  uint64_t bytes;         /* of these frames */
  uint64_t waits;         /* times a call had to sleep for the other side */
  uint64_t wraps;         /* times the end of the ring was reached */
  uint64_t ring_size;     /* bytes of the ring now; 0 while not connected */
  uint64_t ring_used;     /* bytes in use now */
  uint64_t ring_used_max; /* the most that was ever in use, as seen here */
  uint64_t peer_pid;      /* process on the other side, as it says; 0 = none */
} ZbStats;

/* What two ends may do beyond protocol 1.0: the reader offers features, the
 * writer uses those that it knows too.  With none of them both speak plain
 * 1.0.  See docs/protocol.md. */
#define ZB_FEATURE_FILLER (UINT64_C (1) << 0) /* up to the whole ring a frame */
#define ZB_FEATURE_LIVENESS                                                    \
  (UINT64_C (1) << 1)                        /* crashes known by file locks */
#define ZB_FEATURE_GROW (UINT64_C (1) << 2)  /* zb_writer_grow () */
#define ZB_FEATURE_MEDIA (UINT64_C (1) << 3) /* frames are media records */
#define ZB_FEATURE_KEYUNIT                                                     \
  (UINT64_C (1) << 4) /* zb_reader_request_key_unit () */

/* Those that ask nothing of the program; of a reader, to renew on ZB_GROW. */
#define ZB_FEATURES_DEFAULT                                                    \
  (ZB_FEATURE_FILLER | ZB_FEATURE_LIVENESS | ZB_FEATURE_GROW)

/* ------------------------------------------------------------- reading -- */

typedef struct ZbReader ZbReader;
typedef struct ZbFrame ZbFrame;

typedef struct {
  uint64_t payload_size;     /* bytes of the ring, rounded up to 64 */
  uint64_t metadata_size;    /* bytes for metadata, rounded up to 64 */
  unsigned mode;             /* permission bits, whatever the umask says */
  uint64_t features;         /* to offer; 0 = speak protocol 1.0 */
  uint64_t max_payload_size; /* how large a writer may have the ring made; up
                                to payload_size: not at all */
} ZbReaderConfig;

/* A frame of up to payload_size - 16 bytes always fits, with writers of
 * protocol 1.0 up to payload_size / 2 - 32. */
#define ZB_READER_CONFIG_DEFAULT                                               \
  {                                                                            \
    16 * 1024 * 1024, 64 * 1024, 0600, ZB_FEATURES_DEFAULT, 1024 * 1024 * 1024 \
  }

/* Creates the buffer @name, after removing what crashed readers of any name
 * left behind.  @config may be NULL for the defaults.
 * Fails with ZB_INVALID, ZB_BUSY (another living reader has the name; the
 * message says which process), ZB_NO_SPACE, ZB_PERMISSION or ZB_SYSTEM; then
 * nothing has been created. */
ZB_API ZbResult zb_reader_create (const char *name,
    const ZbReaderConfig *config, ZbReader **reader, ZbError *error);

/* Leaves, and removes all that has the buffer's name.  Frames that are still
 * held stay valid.  @reader may be NULL. */
ZB_API void zb_reader_close (ZbReader *reader);

/* Waits for the next frame.  The caller owns the frame and gives it back with
 * zb_frame_release ().
 * ZB_TIMEOUT, ZB_INTERRUPTED: nothing is lost, call again.
 * ZB_PEER_LEFT, ZB_PEER_CRASHED: the writer is gone and all its frames have
 * been read; ZB_GROW: the same, and it will be back when zb_reader_renew () has
 * made a larger ring; ZB_CORRUPT: the writer broke the protocol.  These four end
 * the session: later calls return the same until zb_reader_renew (). */
ZB_API ZbResult zb_reader_read (
    ZbReader *reader, int64_t timeout, ZbFrame **frame, ZbError *error);

/* The writer's metadata: a copy that the reader owns, valid until
 * zb_reader_renew () or zb_reader_close ().  *data is NULL and *size 0 while
 * none has been written.  ZB_CORRUPT if its length is impossible. */
ZB_API ZbResult zb_reader_get_metadata (
    ZbReader *reader, const void **data, size_t *size, ZbError *error);

/* Retires the buffer and creates a fresh one of the same name, for the next
 * writer.  After ZB_GROW the ring is as large as the writer asked for, but not
 * larger than max_payload_size, nor than there is memory for; it stays so for
 * later writers.  Frames of the
 * old buffer stay valid until released.  Errors as zb_reader_create (); the
 * reader then has no buffer, reads fail with ZB_INVALID, and renewing may be
 * tried again. */
ZB_API ZbResult zb_reader_renew (ZbReader *reader, ZbError *error);

/* The features that the writer uses, known for sure from its first frame on. */
ZB_API uint64_t zb_reader_get_features (const ZbReader *reader);

/* Asks the writer for a frame that can be decoded without those before it.
 * Heard only by a writer that uses ZB_FEATURE_KEYUNIT, when it writes next.  Any
 * thread. */
ZB_API void zb_reader_request_key_unit (ZbReader *reader);

/* While interrupted, zb_reader_read () returns ZB_INTERRUPTED at once, also
 * when it was waiting already.  Any thread. */
ZB_API void zb_reader_set_interrupted (ZbReader *reader, bool interrupted);

/* How many bytes of the ring may be held back while the writer can surely
 * write another frame as large as the largest so far.  See zb_frame_span (). */
ZB_API uint64_t zb_reader_get_hold_limit (const ZbReader *reader);

/* How full the ring is, in percent. */
ZB_API unsigned zb_reader_get_fill (const ZbReader *reader);

/* Any thread. */
ZB_API void zb_reader_get_stats (ZbReader *reader, ZbStats *stats);

/* The frame's bytes, in place: to be read, not written.  They come from
 * another process, which can change them until it is gone: check a value
 * after copying it, not before.  Any thread. */
ZB_API const void *zb_frame_get_data (const ZbFrame *frame);
ZB_API size_t zb_frame_get_size (const ZbFrame *frame);

/* 1 for the first frame of a writer, then rising by 1. */
ZB_API uint64_t zb_frame_get_sequence (const ZbFrame *frame);

/* Bytes of the ring from this frame to the last one read: what the writer
 * cannot use before this frame is released, since places are given back in
 * the order of the ring.  0 once it was detached, or the buffer retired or
 * closed.
 * Any thread. */
ZB_API uint64_t zb_frame_get_span (const ZbFrame *frame);

/* Gives the frame's place back early, though its bytes stay where they are: a
 * private copy takes their place.  For a frame that is kept for long while
 * somebody has a pointer to it; where nobody has, to copy the bytes elsewhere
 * and release the frame is cheaper.  The frame is still to be released.
 * ZB_SYSTEM if that cannot be done; the frame is then as before.
 * Any thread. */
ZB_API ZbResult zb_frame_detach (ZbFrame *frame, ZbError *error);

/* Gives the frame up, and its place back.  Any thread, any order. */
ZB_API void zb_frame_release (ZbFrame *frame);

/* ------------------------------------------------------------- writing -- */

typedef struct ZbWriter ZbWriter;

/* A writer for the buffer @name, not connected, that uses those of @features
 * that its reader offers.  Fails with ZB_INVALID if the name is not allowed, or
 * ZB_SYSTEM. */
ZB_API ZbResult zb_writer_new (
    const char *name, uint64_t features, ZbWriter **writer, ZbError *error);

/* Disconnects and frees.  @writer may be NULL. */
ZB_API void zb_writer_free (ZbWriter *writer);

/* Waits for a reader and connects to its buffer.
 * ZB_NOT_READY: there was none within the timeout; the message says what was
 * missing.  ZB_BUSY: another living writer is connected.  ZB_INTERRUPTED,
 * ZB_PERMISSION, ZB_INCOMPATIBLE, ZB_CORRUPT, ZB_NO_SPACE, ZB_SYSTEM.
 * ZB_INVALID if connected already. */
ZB_API ZbResult zb_writer_connect (
    ZbWriter *writer, int64_t timeout, ZbError *error);

/* Leaves.  What was published stays readable.  If the reader crashed, what it
 * left behind is removed.  Does nothing if not connected. */
ZB_API void zb_writer_disconnect (ZbWriter *writer);

/* Looks, without waiting, whether the reader is still there: ZB_OK, or
 * ZB_PEER_LEFT, ZB_PEER_CRASHED, ZB_CORRUPT; ZB_INVALID if not connected. */
ZB_API ZbResult zb_writer_check_reader (ZbWriter *writer, ZbError *error);

/* Any thread. */
ZB_API bool zb_writer_is_connected (ZbWriter *writer);

/* The features in use on this connection; 0 if there is none.  Any thread. */
ZB_API uint64_t zb_writer_get_features (ZbWriter *writer);

/* How often this connection's reader has asked for a key unit; 0 without
 * ZB_FEATURE_KEYUNIT. */
ZB_API uint64_t zb_writer_get_key_unit_requests (const ZbWriter *writer);

/* Asks the reader for a ring of at least @size bytes, and disconnects if it may
 * hope for one: connect again.  What was published stays readable.
 * ZB_TOO_LARGE: the reader does not do that, or gave less when asked before; the
 * connection stays as it is.  ZB_INVALID if not connected. */
ZB_API ZbResult zb_writer_grow (
    ZbWriter *writer, uint64_t size, ZbError *error);

/* Writes the metadata, once per connection and before the first frame if the
 * reader is to find it there.  ZB_METADATA_SET, ZB_TOO_LARGE (the message
 * names both sizes), ZB_INVALID (nothing to write, or not connected). */
ZB_API ZbResult zb_writer_set_metadata (
    ZbWriter *writer, const void *data, size_t size, ZbError *error);

/* Copies a frame into the ring, waiting for room.  Results as
 * zb_writer_reserve (). */
ZB_API ZbResult zb_writer_write (ZbWriter *writer, const void *data,
    size_t size, int64_t timeout, ZbError *error);

/* Waits for room and hands out the place of the next frame, to be filled and
 * then published or dropped; one at a time.
 * ZB_TIMEOUT, ZB_INTERRUPTED: try again.  ZB_TOO_LARGE: the frame can never
 * be written now; the message says which ring size would do.  ZB_NO_PLACE: not
 * as long as so many places are held, which can be only if this frame is larger
 * than all before; release some, or zb_writer_grow ().  ZB_INVALID: 0 bytes, not
 * connected, or a place is out already.  ZB_PEER_LEFT, ZB_PEER_CRASHED,
 * ZB_CORRUPT: the connection is of no more use; disconnect. */
ZB_API ZbResult zb_writer_reserve (ZbWriter *writer, size_t size,
    int64_t timeout, void **data, ZbError *error);

/* Makes the reserved frame visible to the reader. */
ZB_API void zb_writer_publish (ZbWriter *writer);

/* Gives the reserved place up; the reader never sees it. */
ZB_API void zb_writer_drop (ZbWriter *writer);

/* A place in the ring, for one frame that is made where the reader will find it.
 * Several may be out, beside what zb_writer_reserve () does, and be published in
 * any order.  They stay valid until they are released, whatever happens to the
 * connection or the writer. */
typedef struct ZbPlace ZbPlace;

/* How many can be out at a time. */
#define ZB_PLACES_MAX 64

/* Waits for room and hands out a place, which the caller owns, and gives back
 * with zb_place_release ().  Its memory has no certain content.
 * Results as zb_writer_reserve ().  ZB_NO_PLACE: at most half of the ring can be
 * held, in ZB_PLACES_MAX places; toward a reader of protocol 1.0 one place.  The caller
 * then uses other memory, and has it copied.  Any thread. */
ZB_API ZbResult zb_writer_reserve_place (ZbWriter *writer, size_t size,
    int64_t timeout, ZbPlace **place, ZbError *error);

/* Makes the first @size bytes of @place visible to the reader.  From now on they
 * must not be changed, but may be read until the place is released, which keeps
 * the writer from using it again.  Toward a reader of protocol 1.0 they may not
 * even be read: see zb_writer_get_features () for ZB_FEATURE_FILLER.
 * ZB_NO_PLACE: something younger was published before, or the connection has
 * ended: copy the bytes, which are as they were, to a new place. */
ZB_API ZbResult zb_writer_publish_place (
    ZbWriter *writer, ZbPlace *place, size_t size, ZbError *error);

/* Gives @place up; if it was not published, the reader never sees it.  Any
 * thread. */
ZB_API void zb_place_release (ZbPlace *place);

/* The bytes to be written, at offsets of the ring that are multiples of 64, plus
 * 16, if all frames of the connection have 16 bytes less than such a multiple.
 * Any thread. */
ZB_API void *zb_place_get_data (const ZbPlace *place);
ZB_API size_t zb_place_get_size (const ZbPlace *place);

/* The features of the connection that it belongs to.  Any thread. */
ZB_API uint64_t zb_place_get_features (const ZbPlace *place);

/* While interrupted, zb_writer_connect (), and what reserves or writes, return
 * ZB_INTERRUPTED at once instead of waiting, also when they wait already.  With
 * a timeout of 0 they do not wait, and are not interrupted.  Any thread. */
ZB_API void zb_writer_set_interrupted (ZbWriter *writer, bool interrupted);

/* How full the ring is, in percent; 0 if not connected. */
ZB_API unsigned zb_writer_get_fill (const ZbWriter *writer);

/* Any thread. */
ZB_API void zb_writer_get_stats (ZbWriter *writer, ZbStats *stats);

#ifdef __cplusplus
}
#endif

#endif
