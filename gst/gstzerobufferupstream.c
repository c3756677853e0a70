/* SPDX-License-Identifier: MIT */
#include "gstzerobufferupstream.h"

/* More elements than any pipeline has in a row. */
#define MAX_DEPTH 256

/* The seqnum of the sticky event, or GST_SEQNUM_INVALID without one. */
static guint32
get_seqnum (GstPad *pad, GstEventType type)
{
  GstEvent *event = gst_pad_get_sticky_event (pad, type, 0);
  guint32 seqnum = event ? gst_event_get_seqnum (event) : GST_SEQNUM_INVALID;

  gst_clear_event (&event);
  return seqnum;
}

/* The end that a source makes itself has the number of its segment; one that the
 * application has sent has not. */
static gboolean
is_ended_by_application (GstPad *srcpad)
{
  guint32 end = get_seqnum (srcpad, GST_EVENT_EOS);

  return end != GST_SEQNUM_INVALID &&
         end != get_seqnum (srcpad, GST_EVENT_SEGMENT);
}

/* Who sends the end of the stream to a source has its state lock for as long as the
 * source waits for its streaming thread, which is in the sink. */
static GstZeroBufferUpstream
look_at_source (GstPad *srcpad)
{
  GstElement *element = gst_pad_get_parent_element (srcpad);
  GstZeroBufferUpstream seen = GST_ZERO_BUFFER_UPSTREAM_RUNS;

  if (is_ended_by_application (srcpad))
    seen = GST_ZERO_BUFFER_UPSTREAM_ENDED;
  if (!element)
    return seen;
  if (GST_STATE_TRYLOCK (element))
    GST_STATE_UNLOCK (element);
  else
    seen = GST_ZERO_BUFFER_UPSTREAM_HELD;
  gst_object_unref (element);
  return seen;
}

typedef struct {
  guint depth; /* elements to go on for */
  guint inputs, ended, held;
} Search;

static GstZeroBufferUpstream look (GstPad *sinkpad, guint depth);

static void
look_at_input (const GValue *item, gpointer user_data)
{
  Search *search = user_data;
  GstZeroBufferUpstream seen = look (g_value_get_object (item), search->depth);

  search->inputs++;
  search->ended += seen == GST_ZERO_BUFFER_UPSTREAM_ENDED;
  search->held += seen == GST_ZERO_BUFFER_UPSTREAM_HELD;
}

/* Whatever the element makes the stream of @srcpad of: it ends when all of that
 * does. */
static GstZeroBufferUpstream
look_behind (GstPad *srcpad, guint depth)
{
  GstIterator *inputs = gst_pad_iterate_internal_links (srcpad);
  Search search = { depth, 0, 0, 0 };

  while (inputs && gst_iterator_foreach (inputs, look_at_input, &search) ==
                       GST_ITERATOR_RESYNC) {
    gst_iterator_resync (inputs);
    search = (Search){ depth, 0, 0, 0 };
  }
  if (inputs)
    gst_iterator_free (inputs);
  if (search.inputs == 0)
    return look_at_source (srcpad);
  if (search.held > 0)
    return GST_ZERO_BUFFER_UPSTREAM_HELD;
  return search.ended == search.inputs ? GST_ZERO_BUFFER_UPSTREAM_ENDED
                                       : GST_ZERO_BUFFER_UPSTREAM_RUNS;
}

static GstZeroBufferUpstream
look (GstPad *sinkpad, guint depth)
{
  GstZeroBufferUpstream seen = GST_ZERO_BUFFER_UPSTREAM_RUNS;
  GstPad *peer;

  if (depth == 0 || !(peer = gst_pad_get_peer (sinkpad)))
    return seen;
  seen = look_behind (peer, depth - 1);
  gst_object_unref (peer);
  return seen;
}

GstZeroBufferUpstream
gst_zero_buffer_upstream_look (GstPad *sinkpad)
{
  return look (sinkpad, MAX_DEPTH);
}
