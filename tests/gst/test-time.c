/* SPDX-License-Identifier: MIT */
/* Where a producer's stream comes to lie in a consumer's time, and what of it may
 * leave: the timeline, the origin of pipelines that are not live, and the gate. */
#include <gst/check/gstcheck.h>

#include "gstzerobuffergate.h"
#include "gstzerobuffertimeline.h"

#define SECOND ((gint64) GST_SECOND)
#define MSECOND ((gint64) GST_MSECOND)

/* ---- the timeline ---- */

typedef struct {
  GstElement *element;
  GstZeroBufferTimeline timeline;
} Consumer;

/* A consumer that plays since @base. */
static void
start_consumer (Consumer *self, gboolean live, GstClockTime base,
    GstZeroBufferTimestamps timestamps)
{
  GstClock *clock = gst_system_clock_obtain ();

  self->element = gst_element_factory_make ("zerobuffersink", NULL);
  gst_element_set_clock (self->element, clock);
  gst_element_set_base_time (self->element, base);
  GST_STATE_TARGET (self->element) = GST_STATE_PLAYING;
  gst_object_unref (clock);
  gst_zero_buffer_timeline_start (
      &self->timeline, self->element, timestamps, live);
  gst_zero_buffer_timeline_begin_session (&self->timeline);
}

static void
stop_consumer (Consumer *self)
{
  gst_zero_buffer_timeline_stop (&self->timeline);
  gst_object_unref (self->element);
}

static void
set_clock (Consumer *self, gint64 base_time, gboolean live)
{
  GstZeroBufferClock clock = { base_time, live, 0, GST_CLOCK_TIME_NONE };

  gst_zero_buffer_timeline_set_clock (&self->timeline, &clock);
}

static void
set_segment (Consumer *self, gdouble rate, GstClockTime start,
    GstClockTime stop, GstClockTime base)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = rate;
  segment.start = start;
  segment.stop = stop;
  segment.base = base;
  gst_zero_buffer_timeline_set_segment (&self->timeline, &segment, 7);
}

static gint64
get_running_time (const GstSegment *segment, GstClockTime pts)
{
  guint64 time;
  gint sign =
      gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, pts, &time);

  return sign * (gint64) time;
}

/* What is at @pts has this running time: by the segment that is sent before it, and
 * by the timeline. */
static void
assert_mapped (Consumer *self, GstClockTime pts, gint64 running_time)
{
  const GstSegment *segment;
  gboolean shifted;
  GstEvent *event =
      gst_zero_buffer_timeline_map (&self->timeline, pts, TRUE, &shifted);

  fail_unless (event != NULL);
  fail_unless_equals_int (gst_event_get_seqnum (event), 7);
  gst_event_parse_segment (event, &segment);
  fail_unless_equals_int64 (get_running_time (segment, pts), running_time);
  fail_unless_equals_int64 (
      gst_zero_buffer_timeline_get_running_time (&self->timeline, pts),
      running_time);
  if (running_time >= 0)
    fail_unless_equals_uint64 (
        gst_zero_buffer_timeline_get_position (&self->timeline, running_time),
        pts);
  gst_event_unref (event);
}

static void
assert_not_mapped_again (Consumer *self, GstClockTime pts)
{
  gboolean shifted;

  fail_unless (gst_zero_buffer_timeline_map (
                   &self->timeline, pts, TRUE, &shifted) == NULL);
  fail_if (shifted);
}

static void
check_rebased (GstClockTime segment_base, gint64 producer, gint64 consumer)
{
  Consumer self;

  start_consumer (
      &self, TRUE, consumer * SECOND, GST_ZERO_BUFFER_TIMESTAMPS_AUTO);
  set_clock (&self, producer * SECOND, TRUE);
  set_segment (&self, 1.0, 0, GST_CLOCK_TIME_NONE, segment_base * SECOND);
  assert_mapped (&self, 100 * SECOND,
      (100 + (gint64) segment_base + producer - consumer) * SECOND);
  assert_not_mapped_again (&self, 101 * SECOND);
  stop_consumer (&self);
}

GST_START_TEST (test_rebase)
{
  check_rebased (0, 1000, 1000);
  check_rebased (0, 1000, 900);  /* the consumer was there first */
  check_rebased (0, 1000, 1050); /* the producer was */
  check_rebased (50, 1000, 1020);
  check_rebased (20, 1000, 1050);
}
GST_END_TEST;

GST_START_TEST (test_rebase_backwards)
{
  Consumer self;

  start_consumer (&self, TRUE, 1010 * SECOND, GST_ZERO_BUFFER_TIMESTAMPS_AUTO);
  set_clock (&self, 1000 * SECOND, TRUE);
  set_segment (&self, -1.0, 0, 100 * SECOND, 0);
  assert_mapped (&self, 60 * SECOND, 30 * SECOND);
  stop_consumer (&self);
}
GST_END_TEST;

/* A base time that moves by more than clocks drift makes a new segment. */
GST_START_TEST (test_pause)
{
  Consumer self;

  start_consumer (&self, TRUE, 1000 * SECOND, GST_ZERO_BUFFER_TIMESTAMPS_AUTO);
  set_clock (&self, 1000 * SECOND, TRUE);
  set_segment (&self, 1.0, 0, GST_CLOCK_TIME_NONE, 0);
  assert_mapped (&self, 5 * SECOND, 5 * SECOND);
  gst_element_set_base_time (self.element, 1002 * SECOND);
  assert_mapped (&self, 8 * SECOND, 6 * SECOND);
  stop_consumer (&self);
}
GST_END_TEST;

/* A clock that is 300 ppm off never makes a new segment; timestamps follow. */
GST_START_TEST (test_drift)
{
  Consumer self;
  gint64 late = 0, worst = 0;

  start_consumer (&self, TRUE, 1000 * SECOND, GST_ZERO_BUFFER_TIMESTAMPS_AUTO);
  set_clock (&self, 1000 * SECOND, TRUE);
  set_segment (&self, 1.0, 0, GST_CLOCK_TIME_NONE, 0);
  assert_mapped (&self, 0, 0);
  for (gint64 pts = 0; pts < 1000 * SECOND; pts += 20 * MSECOND) {
    GstClockTime stamp;

    set_clock (&self, 1000 * SECOND + pts * 3 / 10000, TRUE);
    assert_not_mapped_again (&self, pts);
    gst_zero_buffer_timeline_follow_drift (&self.timeline, pts);
    stamp = gst_zero_buffer_timeline_correct (&self.timeline, pts);
    late = pts + pts * 3 / 10000 - (gint64) stamp;
    worst = MAX (worst, ABS (late));
  }
  fail_unless (worst < MSECOND, "%" G_GINT64_FORMAT, worst);
  stop_consumer (&self);
}
GST_END_TEST;

/* A stream that is over before the consumer's running time 0 has no segment. */
GST_START_TEST (test_too_early)
{
  gboolean shifted;
  Consumer self;

  start_consumer (&self, TRUE, 1010 * SECOND, GST_ZERO_BUFFER_TIMESTAMPS_AUTO);
  set_clock (&self, 1000 * SECOND, TRUE);
  set_segment (&self, 1.0, 0, 5 * SECOND, 0);
  fail_unless (gst_zero_buffer_timeline_map (
                   &self.timeline, SECOND, TRUE, &shifted) == NULL);
  fail_unless (shifted);
  fail_unless_equals_int (self.timeline.state, GST_ZERO_BUFFER_SEGMENT_EARLY);
  fail_unless_equals_int64 (
      gst_zero_buffer_timeline_get_running_time (&self.timeline, SECOND),
      -9 * SECOND);
  stop_consumer (&self);
}
GST_END_TEST;

/* One producer that is not live after the other, as concat plays them. */
GST_START_TEST (test_one_after_the_other)
{
  Consumer self;

  start_consumer (&self, FALSE, 1000 * SECOND, GST_ZERO_BUFFER_TIMESTAMPS_AUTO);
  set_clock (&self, 1000 * SECOND, FALSE);
  set_segment (&self, 1.0, 0, GST_CLOCK_TIME_NONE, 0);
  assert_mapped (&self, 3 * SECOND, 3 * SECOND);
  gst_zero_buffer_timeline_note_end (&self.timeline, 4 * SECOND);
  gst_zero_buffer_timeline_begin_session (&self.timeline);
  set_clock (&self, 2000 * SECOND, FALSE);
  set_segment (&self, 1.0, 10 * SECOND, GST_CLOCK_TIME_NONE, 0);
  assert_mapped (&self, 10 * SECOND, 4 * SECOND);
  /* A flush resets the time in any pipeline. */
  gst_zero_buffer_timeline_flush (&self.timeline, TRUE);
  set_segment (&self, 1.0, 5 * SECOND, GST_CLOCK_TIME_NONE, 0);
  assert_mapped (&self, 6 * SECOND, SECOND);
  stop_consumer (&self);
}
GST_END_TEST;

/* A segment stays pending until something says where it lies. */
GST_START_TEST (test_pending_segment)
{
  gboolean shifted;
  Consumer self;

  start_consumer (&self, FALSE, 0, GST_ZERO_BUFFER_TIMESTAMPS_AUTO);
  GST_STATE_TARGET (self.element) = GST_STATE_PAUSED;
  set_clock (&self, 1000 * SECOND, TRUE);
  set_segment (&self, 1.0, 0, GST_CLOCK_TIME_NONE, 0);
  fail_unless (gst_zero_buffer_timeline_map (&self.timeline,
                   GST_CLOCK_TIME_NONE, FALSE, &shifted) == NULL);
  fail_unless_equals_int (self.timeline.state, GST_ZERO_BUFFER_SEGMENT_PENDING);
  assert_mapped (&self, 60 * SECOND, 0);
  assert_not_mapped_again (&self, 61 * SECOND);
  stop_consumer (&self);
}
GST_END_TEST;

GST_START_TEST (test_arrival)
{
  gboolean shifted;
  const GstSegment *segment;
  GstEvent *event;
  Consumer self;

  start_consumer (&self, TRUE, 0, GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL);
  set_segment (&self, 2.0, 9 * SECOND, GST_CLOCK_TIME_NONE, 3 * SECOND);
  event = gst_zero_buffer_timeline_map (
      &self.timeline, GST_CLOCK_TIME_NONE, FALSE, &shifted);
  fail_unless (event != NULL);
  gst_event_parse_segment (event, &segment);
  fail_unless_equals_int64 (get_running_time (segment, SECOND), SECOND);
  gst_event_unref (event);
  assert_not_mapped_again (&self, 0);
  stop_consumer (&self);
}
GST_END_TEST;

GST_START_TEST (test_latency)
{
  GstClockTime latency, bound;
  gint64 base;
  Consumer self;

  start_consumer (&self, TRUE, 0, GST_ZERO_BUFFER_TIMESTAMPS_AUTO);
  base = (gint64) gst_util_get_timestamp () - 10 * SECOND;
  fail_if (GST_CLOCK_TIME_IS_VALID (
      gst_zero_buffer_timeline_get_latency (&self.timeline, 3 * SECOND)));
  set_clock (&self, base, TRUE);
  set_segment (&self, 1.0, SECOND, GST_CLOCK_TIME_NONE, 0);
  /* 2 s after the base time */
  latency = gst_zero_buffer_timeline_get_latency (&self.timeline, 3 * SECOND);
  bound = gst_util_get_timestamp () - base - 2 * SECOND;
  fail_unless (latency >= 8 * GST_SECOND && latency <= bound);
  /* One that comes before it is due. */
  fail_unless_equals_uint64 (
      gst_zero_buffer_timeline_get_latency (&self.timeline, 30 * SECOND), 0);
  set_clock (&self, base, FALSE);
  fail_if (GST_CLOCK_TIME_IS_VALID (
      gst_zero_buffer_timeline_get_latency (&self.timeline, 3 * SECOND)));
  stop_consumer (&self);
}
GST_END_TEST;

/* ---- the origin ---- */

#define NOT_PLAYING GST_ZERO_BUFFER_BASE_NONE

GST_START_TEST (test_origin)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *one = gst_element_factory_make ("zerobuffersrc", NULL);
  GstElement *two = gst_element_factory_make ("zerobuffersrc", NULL);
  GstZeroBufferOrigin *a, *b;

  gst_bin_add_many (GST_BIN (pipeline), one, two, NULL);
  a = gst_zero_buffer_origin_get (one);
  b = gst_zero_buffer_origin_get (two);
  /* The first buffer decides, for all sources of the pipeline. */
  fail_unless_equals_int64 (
      gst_zero_buffer_origin_find (a, NOT_PLAYING, 100 * SECOND), 100 * SECOND);
  fail_unless_equals_int64 (
      gst_zero_buffer_origin_find (b, NOT_PLAYING, 99 * SECOND), 100 * SECOND);
  /* When it plays nothing changes. */
  fail_unless_equals_int64 (
      gst_zero_buffer_origin_find (b, 102 * SECOND, 0), 100 * SECOND);
  fail_unless_equals_int64 (
      gst_zero_buffer_origin_find (a, 102 * SECOND, 0), 100 * SECOND);
  /* After a pause of 10 s. */
  fail_unless_equals_int64 (
      gst_zero_buffer_origin_find (a, NOT_PLAYING, 105 * SECOND), 100 * SECOND);
  fail_unless_equals_int64 (
      gst_zero_buffer_origin_find (a, 112 * SECOND, 0), 110 * SECOND);
  gst_zero_buffer_origin_release (a);
  gst_zero_buffer_origin_release (b);
  gst_object_unref (pipeline);
}
GST_END_TEST;

/* Who waits in PAUSED for long does not want to be late by that ever after. */
GST_START_TEST (test_origin_after_a_long_preroll)
{
  GstElement *element = gst_element_factory_make ("zerobuffersrc", NULL);
  GstZeroBufferOrigin *origin = gst_zero_buffer_origin_get (element);

  gst_zero_buffer_origin_find (origin, NOT_PLAYING, 100 * SECOND);
  fail_unless_equals_int64 (
      gst_zero_buffer_origin_find (origin, 160 * SECOND, 0), 160 * SECOND);
  gst_zero_buffer_origin_release (origin);
  gst_object_unref (element);
}
GST_END_TEST;

/* ---- the gate ---- */

typedef struct {
  gint64 start;
  guint flags;
  GstZeroBufferVerdict verdict;
} Step;

#define KEY 0
#define DELTA GST_BUFFER_FLAG_DELTA_UNIT
#define HEADER GST_BUFFER_FLAG_HEADER
#define NO_TIME GST_ZERO_BUFFER_NO_TIME
#define PASS GST_ZERO_BUFFER_GATE_PASS
#define CLIP GST_ZERO_BUFFER_GATE_CLIP
#define DROP GST_ZERO_BUFFER_GATE_DROP
#define ASK GST_ZERO_BUFFER_GATE_DROP_AND_ASK

/* Buffers of 10 ns. */
static void
check_gate (GstZeroBufferGate *gate, gboolean can_be_clipped, const Step *steps,
    guint count)
{
  for (guint i = 0; i < count; i++) {
    gint64 end = steps[i].start == NO_TIME ? NO_TIME : steps[i].start + 10;
    GstZeroBufferVerdict verdict = gst_zero_buffer_gate_judge (
        gate, steps[i].start, end, steps[i].flags, can_be_clipped);

    fail_unless (verdict == steps[i].verdict, "step %u: %d", i, verdict);
  }
}

#define CHECK_GATE(gate, clip, ...)                                            \
  G_STMT_START                                                                 \
  {                                                                            \
    static const Step steps_[] = { __VA_ARGS__ };                              \
    check_gate (gate, clip, steps_, G_N_ELEMENTS (steps_));                    \
  }                                                                            \
  G_STMT_END

GST_START_TEST (test_gate_of_raw_streams)
{
  GstZeroBufferGate gate = { 0 };

  CHECK_GATE (&gate, FALSE, { -5, KEY, PASS }, { 0, DELTA, PASS });
  gst_zero_buffer_gate_set_floor (&gate, 100);
  CHECK_GATE (&gate, FALSE, { 80, KEY, DROP }, { 95, KEY, DROP },
      { NO_TIME, KEY, PASS });
  gst_zero_buffer_gate_set_floor (&gate, 100);
  CHECK_GATE (
      &gate, FALSE, { 99, KEY, DROP }, { 100, KEY, PASS }, { 90, KEY, PASS });
  gst_zero_buffer_gate_set_floor (&gate, 100);
  CHECK_GATE (&gate, TRUE, { 80, KEY, DROP }, { 90, KEY, DROP },
      { 95, KEY, CLIP }, { 105, KEY, PASS });
}
GST_END_TEST;

GST_START_TEST (test_gate_of_encoded_streams)
{
  GstZeroBufferGate gate = { 0 };

  /* Nothing is lost: it goes on from anywhere. */
  gst_zero_buffer_gate_set_floor (&gate, 100);
  CHECK_GATE (&gate, FALSE, { 100, DELTA, PASS }, { 90, DELTA, PASS });

  /* The key unit is too early. */
  gst_zero_buffer_gate_set_floor (&gate, 100);
  CHECK_GATE (&gate, FALSE, { 80, KEY, DROP }, { 90, DELTA, DROP },
      { 100, DELTA, ASK }, { 110, DELTA, DROP }, { NO_TIME, HEADER, PASS },
      { 120, DELTA, DROP }, { 130, KEY, PASS }, { 110, DELTA, DROP },
      { 120, DELTA, DROP }, { 160, DELTA, PASS }, { 140, DELTA, PASS });

  /* And so is the one that was asked for. */
  gst_zero_buffer_gate_set_floor (&gate, 1000);
  CHECK_GATE (&gate, FALSE, { 980, KEY, DROP }, { 1000, DELTA, ASK },
      { 990, KEY, ASK }, { 1010, KEY, PASS });
}
GST_END_TEST;

GST_START_TEST (test_gate_after_a_loss)
{
  GstZeroBufferGate gate = { 0 };

  gst_zero_buffer_gate_lose (&gate);
  CHECK_GATE (&gate, FALSE, { 5, DELTA, ASK }, { 15, DELTA, DROP },
      { 25, HEADER, PASS }, { 35, DELTA, PASS });
  gst_zero_buffer_gate_lose (&gate);
  CHECK_GATE (&gate, FALSE, { 45, KEY, PASS }, { 55, KEY, PASS });
  /* A stream without times. */
  gst_zero_buffer_gate_lose (&gate);
  CHECK_GATE (&gate, FALSE, { NO_TIME, HEADER, PASS }, { NO_TIME, DELTA, ASK },
      { NO_TIME, KEY, PASS }, { NO_TIME, DELTA, PASS });
}
GST_END_TEST;

GST_START_TEST (test_gate_of_gaps)
{
  GstZeroBufferGate gate = { 0 };

  fail_unless_equals_int (gst_zero_buffer_gate_judge_gap (&gate, -9, 1), PASS);
  gst_zero_buffer_gate_set_floor (&gate, 100);
  fail_unless_equals_int (gst_zero_buffer_gate_judge_gap (&gate, 80, 99), DROP);
  fail_unless_equals_int (
      gst_zero_buffer_gate_judge_gap (&gate, 80, 101), CLIP);
  fail_unless_equals_int (
      gst_zero_buffer_gate_judge_gap (&gate, 100, 101), PASS);
}
GST_END_TEST;

static Suite *
time_suite (void)
{
  Suite *suite = suite_create ("time");
  TCase *tcase = tcase_create ("time");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_rebase);
  tcase_add_test (tcase, test_rebase_backwards);
  tcase_add_test (tcase, test_pause);
  tcase_add_test (tcase, test_drift);
  tcase_add_test (tcase, test_too_early);
  tcase_add_test (tcase, test_one_after_the_other);
  tcase_add_test (tcase, test_pending_segment);
  tcase_add_test (tcase, test_arrival);
  tcase_add_test (tcase, test_latency);
  tcase_add_test (tcase, test_origin);
  tcase_add_test (tcase, test_origin_after_a_long_preroll);
  tcase_add_test (tcase, test_gate_of_raw_streams);
  tcase_add_test (tcase, test_gate_of_encoded_streams);
  tcase_add_test (tcase, test_gate_after_a_loss);
  tcase_add_test (tcase, test_gate_of_gaps);
  return suite;
}

GST_CHECK_MAIN (time);
