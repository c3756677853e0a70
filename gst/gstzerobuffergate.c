/* SPDX-License-Identifier: MIT */
#include "gstzerobuffergate.h"

void
gst_zero_buffer_gate_set_floor (GstZeroBufferGate *gate, gint64 floor)
{
  gate->floor = floor;
  if (gate->state == GST_ZERO_BUFFER_GATE_OPEN ||
      gate->state == GST_ZERO_BUFFER_GATE_LEADING)
    gate->state = GST_ZERO_BUFFER_GATE_FLOOR;
}

void
gst_zero_buffer_gate_lose (GstZeroBufferGate *gate)
{
  /* Leading pictures after a loss are as useless as all that is no key unit. */
  if (gate->state != GST_ZERO_BUFFER_GATE_WAITING)
    gate->state = GST_ZERO_BUFFER_GATE_LOST;
}

/* A buffer that begins too early. */
static GstZeroBufferVerdict
judge_early (GstZeroBufferGate *gate, gint64 end, gboolean is_delta,
    gboolean can_be_clipped)
{
  if (can_be_clipped && end > gate->floor) {
    gate->state = GST_ZERO_BUFFER_GATE_OPEN;
    return GST_ZERO_BUFFER_GATE_CLIP;
  }
  if (gate->state != GST_ZERO_BUFFER_GATE_WAITING) {
    gate->state = GST_ZERO_BUFFER_GATE_LOST;
    return GST_ZERO_BUFFER_GATE_DROP;
  }
  /* The key unit that was asked for, perhaps. */
  return is_delta ? GST_ZERO_BUFFER_GATE_DROP
                  : GST_ZERO_BUFFER_GATE_DROP_AND_ASK;
}

static GstZeroBufferVerdict
judge_delta (GstZeroBufferGate *gate)
{
  if (gate->state == GST_ZERO_BUFFER_GATE_WAITING)
    return GST_ZERO_BUFFER_GATE_DROP;
  gate->state = GST_ZERO_BUFFER_GATE_WAITING;
  return GST_ZERO_BUFFER_GATE_DROP_AND_ASK;
}

static GstZeroBufferVerdict
judge_leading (GstZeroBufferGate *gate, gint64 start, gboolean is_delta)
{
  if (is_delta && start < gate->key_time)
    return GST_ZERO_BUFFER_GATE_DROP;
  gate->state = GST_ZERO_BUFFER_GATE_OPEN;
  return GST_ZERO_BUFFER_GATE_PASS;
}

GstZeroBufferVerdict
gst_zero_buffer_gate_judge (GstZeroBufferGate *gate, gint64 start, gint64 end,
    guint flags, gboolean can_be_clipped)
{
  gboolean has_time = start != GST_ZERO_BUFFER_NO_TIME;
  gboolean is_delta = (flags & GST_BUFFER_FLAG_DELTA_UNIT) != 0;

  if (G_LIKELY (gate->state == GST_ZERO_BUFFER_GATE_OPEN))
    return GST_ZERO_BUFFER_GATE_PASS;
  /* Headers of the stream, which are no key unit. */
  if (!has_time && !is_delta && (flags & GST_BUFFER_FLAG_HEADER))
    return GST_ZERO_BUFFER_GATE_PASS;
  if (gate->state == GST_ZERO_BUFFER_GATE_LEADING)
    return judge_leading (gate, start, is_delta && has_time);
  if (has_time && start < gate->floor)
    return judge_early (gate, end, is_delta, can_be_clipped);
  if (gate->state == GST_ZERO_BUFFER_GATE_FLOOR) {
    if (has_time)
      gate->state = GST_ZERO_BUFFER_GATE_OPEN;
    return GST_ZERO_BUFFER_GATE_PASS;
  }
  if (is_delta)
    return judge_delta (gate);
  gate->state = GST_ZERO_BUFFER_GATE_LEADING;
  gate->key_time = start;
  return GST_ZERO_BUFFER_GATE_PASS;
}

GstZeroBufferVerdict
gst_zero_buffer_gate_judge_gap (
    const GstZeroBufferGate *gate, gint64 start, gint64 end)
{
  if (gate->state == GST_ZERO_BUFFER_GATE_OPEN ||
      gate->state == GST_ZERO_BUFFER_GATE_LEADING || start >= gate->floor)
    return GST_ZERO_BUFFER_GATE_PASS;
  return end > gate->floor ? GST_ZERO_BUFFER_GATE_CLIP
                           : GST_ZERO_BUFFER_GATE_DROP;
}
