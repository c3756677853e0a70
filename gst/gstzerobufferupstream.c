/* SPDX-License-Identifier: MIT */
#include "gstzerobufferupstream.h"

/* More elements than any pipeline has in a row. */
#define MAX_DEPTH 256

static gboolean
is_ended (GstPad *pad)
{
  gboolean ended;

  GST_OBJECT_LOCK (pad);
  ended = GST_PAD_IS_EOS (pad);
  GST_OBJECT_UNLOCK (pad);
  return ended;
}

/* Who sends the end of the stream to a source has its state lock for as long as the
 * source waits for its streaming thread, which is in the sink. */
static GstZeroBufferUpstream
look_at_source (GstPad *srcpad)
{
  GstElement *element = gst_pad_get_parent_element (srcpad);
  GstZeroBufferUpstream seen = GST_ZERO_BUFFER_UPSTREAM_RUNS;

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
  guint inputs;
  GstZeroBufferUpstream seen;
} Search;

static GstZeroBufferUpstream look (GstPad *sinkpad, guint depth);

static void
look_at_input (const GValue *item, gpointer user_data)
{
  Search *search = user_data;

  search->inputs++;
  if (search->seen == GST_ZERO_BUFFER_UPSTREAM_RUNS)
    search->seen = look (g_value_get_object (item), search->depth);
}

/* Whatever the element makes the stream of @srcpad of. */
static GstZeroBufferUpstream
look_behind (GstPad *srcpad, guint depth)
{
  Search search = { depth, 0, GST_ZERO_BUFFER_UPSTREAM_RUNS };
  GstIterator *inputs = gst_pad_iterate_internal_links (srcpad);

  if (inputs) {
    while (gst_iterator_foreach (inputs, look_at_input, &search) ==
           GST_ITERATOR_RESYNC)
      gst_iterator_resync (inputs);
    gst_iterator_free (inputs);
  }
  return search.inputs > 0 ? search.seen : look_at_source (srcpad);
}

static GstZeroBufferUpstream
look (GstPad *sinkpad, guint depth)
{
  GstZeroBufferUpstream seen = GST_ZERO_BUFFER_UPSTREAM_RUNS;
  GstPad *peer;

  if (is_ended (sinkpad))
    return GST_ZERO_BUFFER_UPSTREAM_ENDED;
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
