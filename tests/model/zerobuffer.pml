/* SPDX-License-Identifier: MIT */
/*
 * The protocol as a model for spin, which tries all interleavings of single
 * loads and stores: a writer that may be killed between any two of them, a
 * reader, a thread that releases frames in any order, one that interrupts the
 * reader, and what watches the writer.  check.py says what is run, and with
 * which bugs planted.
 *
 * The ring has CELLS cells.  A frame takes one for its header and some more;
 * where bytes matter (tails too short for a header) tests/lib/test-ring.c is
 * the place, and for what becomes a filler tests/lib/test-places.c.  Names in
 * brackets say which function does it in lib/.
 *
 * Shown: a frame that is held is not written over, none is lost, delivered
 * twice, out of order or half made, and nobody sleeps for ever.  Where the
 * library looks around after some time, the model has no time: a wake-up that
 * is lost is a deadlock here.
 */

#ifndef CELLS
#define CELLS 4
#endif
#ifndef FRAMES
#define FRAMES 3 /* that each writer would write */
#endif
#ifndef HELD
#define HELD 2 /* frames that are out, at most */
#endif
#ifndef SESSIONS
#define SESSIONS 1
#endif
#ifndef INTERRUPTS
#define INTERRUPTS 1
#endif

mtype = { NOTHING, FRAME, FILLER, WRAP, WRAP_ALONE };

/* ---- what is shared between the processes ---- */

typedef Buffer {
  /* What a header in this cell says, and whose bytes are there. */
  mtype kind[CELLS];
  byte size[CELLS];
  byte number[CELLS];
  byte data[CELLS];

  bool ready;  /* oieb_size */
  bool writer; /* writer_pid */
  bool used;   /* writer_features */
  byte free;   /* payload_free_bytes */
  byte posts;  /* the data semaphore */
  byte space;  /* the space semaphore */

  /* Not there to be read by anybody, only to judge by. */
  bool dead;
  byte posted; /* frames */
}
Buffer buffer[SESSIONS];

#define B buffer[s]

/* ---- what the threads of the reader share ---- */

typedef Session {
  bool mutex;
  bool told;      /* by the watch */
  bool retired;
  byte posts_own;

  /* Spans in the order of the ring: a frame, with what is in front of it. */
  byte count;
  bool released[HELD];
  byte bytes[HELD];
  byte at[HELD];      /* of a frame's header; CELLS for none */
  byte cells[HELD];
  byte number[HELD];
}
Session session[SESSIONS];

#define S session[s]

bool interrupted;

#define LOCK atomic { !S.mutex -> S.mutex = true }
#define UNLOCK S.mutex = false

/* ---- the writer ---- */

/* In front of every step that others can see. */
#ifdef KILLS
#define STEP if :: true :: true -> goto killed fi;
#else
#define STEP
#endif

#define WRITE_HEADER(where, what, cells_, number_)                             \
  atomic {                                                                     \
    B.kind[where] = what;                                                      \
    B.size[where] = cells_;                                                    \
    B.number[where] = number_;                                                 \
  }

/* One for each session: the first may be killed, the next then connects to the
 * buffer that the reader made anew. */
proctype Writer (byte s)
{
  byte position, frame = 1, cells, waste, need, filler, i;
  bool alone;

  B.ready;
  /* [claim: the pid by compare-and-swap, then the features].  Before that a
   * writer that dies has changed nothing. */
  B.writer = true;
  STEP
  B.used = true;

  do
  :: frame > FRAMES -> break
  :: frame <= FRAMES ->
    if
    :: cells = 1
    :: cells = 2
    :: cells = 3
    fi;
    /* A place that was dropped in front of it. [zb_places_publish] */
    if
    :: filler = 0
    :: filler = 1
    fi;

  place:
    /* [zb_ring_place, zb_places_find] */
    atomic {
      alone = false;
      waste = 0;
      if
      :: filler + cells > CELLS - position ->
        filler = 0;
        waste = (cells > CELLS - position -> CELLS - position : 0);
        alone = waste > 0 && cells > position
      :: else
      fi;
      need = (alone -> waste : waste + filler + cells)
    }

  wait:
    /* [wait_for_place]: looks, drains, and sleeps only if there was no post */
    if
    :: B.free >= need -> goto room
    :: else
    fi;
    if
    :: B.space > 0 -> atomic { B.space > 0 -> B.space = 0 }; goto wait
    :: else
    fi;
    atomic { B.space > 0 -> B.space-- };
    goto wait;

  room:
    if
    :: alone ->
      /* [publish_wrap] */
      STEP
      WRITE_HEADER (position, WRAP_ALONE, 0, 0);
      STEP
      B.free = B.free - waste;
      STEP
      B.posts++;
      position = 0;
      goto place
    :: !alone && waste > 0 ->
      STEP
      WRITE_HEADER (position, WRAP, 0, 0);
      position = 0
    :: filler > 0 ->
      STEP
      WRITE_HEADER (position, FILLER, filler, 0);
      position = position + filler
    :: else
    fi;
    /* The user writes the frame; then [tell] */
    i = 0;
    do
    :: i < cells -> STEP B.data[position + i] = frame; i++
    :: else -> break
    od;
    STEP
    WRITE_HEADER (position, FRAME, cells, frame);
    STEP
    B.free = B.free - need;
    /* [post] */
    STEP
    atomic { B.posts++; B.posted++ };
    position = (position + cells) % CELLS;
    frame++
  od;

  /* [zb_link_end]: the pid goes, and then a post that stands for no frame */
  STEP
  B.writer = false;
  STEP
  B.posts++;
  goto done;

killed:
  B.dead = true;
done:
  skip
}

/* ---- the reader's other threads ---- */

/* A post that stands for no frame. [zb_session_wake] */
inline wake ()
{
  LOCK;
#ifdef BUG_COUNT_AFTER
  B.posts++;
  S.posts_own++;
#else
  S.posts_own++;
  B.posts++;
#endif
  UNLOCK
}

/* [watch_run, on_ended] */
proctype Watch (byte s)
{
  if
  :: B.dead && !S.retired ->
    S.told = true;
    wake ()
  :: S.retired
  fi
}

/* [zb_reader_set_interrupted] */
proctype Interrupter (byte s)
{
  byte times;

  do
  :: times < INTERRUPTS && !S.retired ->
    interrupted = true;
    wake ();
    times++
  :: times == INTERRUPTS || S.retired -> break
  od
}

/* Releases what is held, in any order. [zb_frame_release, give_back] */
#define INTACT(i)                                                              \
  (S.at[i] == CELLS ||                                                         \
      (B.data[S.at[i]] == S.number[i] &&                                       \
          (S.cells[i] < 2 || B.data[S.at[i] + 1] == S.number[i]) &&            \
          (S.cells[i] < 3 || B.data[S.at[i] + 2] == S.number[i])))

inline give_back (posts)
{
  byte sum, k;

  d_step {
    sum = 0;
    posts = 0;
    do
    :: S.count > 0 && S.released[0] ->
      sum = sum + S.bytes[0];
      posts++;
      k = 0;
      do
      :: k + 1 < S.count ->
        S.released[k] = S.released[k + 1];
        S.bytes[k] = S.bytes[k + 1];
        S.at[k] = S.at[k + 1];
        S.cells[k] = S.cells[k + 1];
        S.number[k] = S.number[k + 1];
        k++
      :: else -> break
      od;
      S.count--;
      S.released[S.count] = false;
      S.bytes[S.count] = 0;
      S.at[S.count] = 0;
      S.cells[S.count] = 0;
      S.number[S.count] = 0
    :: else -> break
    od;
    k = 0
  };
  if
  :: sum > 0 && !S.retired -> B.free = B.free + sum
  :: else
  fi;
  sum = 0
}

proctype Holder (byte s)
{
  byte i, posts;

  do
  :: S.count > 0 ->
    LOCK;
    /* Any that is not released yet. */
    i = 0;
    do
    :: i < S.count && !S.released[i] -> break
    :: i < S.count -> i++
    :: i >= S.count -> break
    od;
    if
    :: i < S.count ->
      assert (INTACT (i));
#ifdef BUG_RELEASE_ORDER
      /* Gives back what is released, whatever is held in front of it. */
      B.free = B.free + S.bytes[i];
      S.bytes[i] = 0;
#endif
#ifdef BUG_EARLY_GIVE_BACK
      S.bytes[i] = 0;
#endif
      S.released[i] = true;
      give_back (posts);
      UNLOCK;
      do
      :: posts > 0 ->
        B.space = (B.space < 3 -> B.space + 1 : 3); /* [EOVERFLOW] */
        posts--
      :: else -> break
      od
    :: else -> UNLOCK
    fi;
    i = 0
  :: S.retired && S.count == 0 -> break
  od
}

/* ---- the reader ---- */

proctype Reader ()
{
  byte s, position, expected = 1, taken, commits, waste, at, posts, i;
  bool used, gone;
  mtype found;

renew:
  /* [fill_oieb]: all is there before the size is */
  B.free = CELLS;
  B.ready = true;
  run Writer (s);
  run Watch (s);
  run Holder (s);

read:
  /* [zb_reader_read]: the user calls again after an interruption */
  if
  :: interrupted -> interrupted = false
  :: else
  fi;

look:
  /* [zb_session_try_read, is_posted] */
  if
  :: taken > S.posts_own + commits -> goto posted
  :: else
  fi;
  /* [take_post] */
  if
  :: atomic { B.posts > 0 -> B.posts-- }; taken++; goto look
  :: B.posts == 0
  fi;
  /* [look_at_writer]: what it wrote is looked at before its pid */
  used = B.used;
  gone = used && !B.writer;
  if
  :: !gone && !S.told ->
    /* [zb_session_wait] */
    atomic { B.posts > 0 -> B.posts-- };
    taken++;
    goto read
  :: else
  fi;
  /* [is_drained] */
#ifndef BUG_NO_DRAIN
#ifndef BUG_DRAIN_WITHOUT_LOCK
  LOCK;
#endif
  do
  :: taken > S.posts_own + commits ->
#ifndef BUG_DRAIN_WITHOUT_LOCK
    UNLOCK;
#endif
    goto look
  :: taken <= S.posts_own + commits ->
    if
    :: atomic { B.posts > 0 -> B.posts-- }; taken++
    :: B.posts == 0 -> break
    fi
  od;
#ifndef BUG_DRAIN_WITHOUT_LOCK
  UNLOCK;
#endif
#endif
  goto ended;

posted:
  /* [is_farewell]: the pid is gone, and nothing but fillers is unread */
  if
  :: !B.writer ->
    LOCK;
    waste = CELLS - B.free;
    i = 0;
    do
    :: i < S.count -> waste = waste - S.bytes[i]; i++
    :: else -> break
    od;
    UNLOCK;
    i = 0;
    if
    :: waste == 0 -> goto ended
    :: else -> waste = 0
    fi
  :: else
  fi;

  /* There is room in the list, once the holder has made some. */
  S.count < HELD;
  waste = 0;
  at = position;

find:
  /* [find_commit] */
  atomic { found = B.kind[at]; i = B.size[at] };
  if
  :: found == WRAP -> waste = waste + CELLS - at; at = 0; goto find
  :: found == FILLER -> waste = waste + i; at = (at + i) % CELLS; goto find
  :: found == WRAP_ALONE -> waste = waste + CELLS - at; at = 0; i = 0
  :: else ->
    assert (found == FRAME);
    assert (B.number[at] == expected);
    expected++
  fi;

  /* [take_place, hand_out, advance] */
  LOCK;
  d_step {
    S.bytes[S.count] = waste + i;
    S.at[S.count] = (i > 0 -> at : CELLS);
    S.cells[S.count] = i;
    S.number[S.count] = (i > 0 -> expected - 1 : 0);
    S.released[S.count] = i == 0;
    S.count++;
    position = (at + i) % CELLS;
    commits++
  };
#ifdef BUG_EARLY_GIVE_BACK
  B.free = B.free + waste + i;
#endif
  posts = 0;
  if
  :: i == 0 -> give_back (posts)
  :: else
  fi;
  UNLOCK;
  do
  :: posts > 0 -> B.space = (B.space < 3 -> B.space + 1 : 3); posts--
  :: else -> break
  od;
  waste = 0;
  i = 0;
  goto read;

ended:
  /* Every frame that was posted, and no other, was delivered. */
  assert (expected - 1 == B.posted);
  assert (B.dead || B.posted == FRAMES);
  /* [zb_session_retire, zb_reader_renew] */
  LOCK;
  S.retired = true;
  UNLOCK;
  /* Nothing of it is shared with the next one; frames that are held meanwhile
   * are a matter for tests/lib/test-exchange.c. */
  _nr_pr <= 3;
  d_step {
    i = 0;
    do
    :: i < CELLS ->
      B.kind[i] = 0;
      B.size[i] = 0;
      B.number[i] = 0;
      B.data[i] = 0;
      i++
    :: else -> break
    od;
    B.posted = 0;
    B.free = 0;
    B.posts = 0;
    B.space = 0;
    position = 0;
    expected = 1;
    taken = 0;
    commits = 0;
    waste = 0;
    at = 0;
    i = 0;
    used = false;
    gone = false;
    found = 0;
    s++
  }
  if
  :: s < SESSIONS -> goto renew
  :: else
  fi
}

init {
  atomic {
    run Reader ();
    run Interrupter (0)
  }
}
