/* SPDX-License-Identifier: MIT */
/* Media records by themselves: sizes, and what damaged ones are taken for. */
#include <gst/check/gstcheck.h>
#include <gst/video/video.h>

#include "gstzerobufferevents.h"
#include "gstzerobufferfill.h"
#include "gstzerobufferformat.h"
#include "gstzerobuffermetas.h"
#include "gstzerobuffertext.h"

/* ---- sizes ---- */

GST_START_TEST (test_sizes)
{
  guint8 extra[100], place[1024];
  GstZeroBufferRecord record = { .kind = 1 }, read;

  memset (extra, 0xee, sizeof extra);
  for (record.data_size = 0; record.data_size < 200; record.data_size++) {
    for (record.extra_size = 0; record.extra_size <= 100;
         record.extra_size += 7) {
      gsize size = gst_zero_buffer_record_get_size (&record);
      gsize used = 48 + record.data_size + record.extra_size;

      fail_unless ((size + 16) % 64 == 0);
      fail_unless (size >= used && size < used + 64);
      memset (place, 0xff, sizeof place);
      fail_unless (
          gst_zero_buffer_record_write (&record, place, extra) == place + 48);
      for (gsize i = used; i < size; i++)
        fail_unless_equals_int (place[i], 0);
      fail_unless_equals_int (place[size], 0xff);
      fail_unless (gst_zero_buffer_record_read (&read, place, size));
      fail_unless_equals_uint64 (read.data_size, record.data_size);
      fail_unless_equals_uint64 (read.extra_size, record.extra_size);
      fail_if (gst_zero_buffer_record_read (&read, place, used - 1));
    }
  }
  record.data_size = G_MAXUINT64;
  fail_unless_equals_uint64 (gst_zero_buffer_record_get_size (&record), 0);
}
GST_END_TEST;

/* ---- text ---- */

static gchar *
repeat (const gchar *before, const gchar *text, guint count, const gchar *after)
{
  GString *repeated = g_string_new (before);

  for (guint i = 0; i < count; i++)
    g_string_append (repeated, text);
  g_string_append (repeated, after);
  return g_string_free (repeated, FALSE);
}

/* Takes @text. */
static gboolean
is_too_deep (gchar *text)
{
  gboolean deep = gst_zero_buffer_text_is_too_deep (text, strlen (text));

  g_free (text);
  return deep;
}

static gboolean
is_json_too_deep (gchar *text)
{
  gboolean deep = gst_zero_buffer_json_is_too_deep (text, strlen (text));

  g_free (text);
  return deep;
}

GST_START_TEST (test_nested_text)
{
  fail_if (is_too_deep (repeat ("a, f=", "[a, f=", 8, "1")));
  fail_unless (is_too_deep (repeat ("a, f=", "[a, f=", 9, "1")));
  fail_if (is_too_deep (repeat ("a, f=", "{", 64, "1")));
  fail_unless (is_too_deep (repeat ("a, f=", "{", 65, "1")));
  fail_unless (is_too_deep (repeat ("a, f=", "<", 65, "1")));
  fail_unless (is_too_deep (repeat ("a, f=", "{ <", 33, "1")));
  /* Beside one another. */
  fail_if (is_too_deep (repeat ("a, f={ [ 1, 2 ]", ", [ 1, 2 ]", 99, " }")));
  fail_if (is_too_deep (repeat ("a, f={ <1>", ", {<1>, <2>}", 99, " };")));
  fail_if (is_too_deep (repeat ("", "a(memory:A), f=[1, 2, 3]; ", 99, "b")));
  fail_unless (is_too_deep (repeat ("a", ", f=1", 1025, "")));
}
GST_END_TEST;

/* Brackets in strings do not nest, but where the string is a structure. */
GST_START_TEST (test_nested_strings)
{
  fail_if (is_too_deep (repeat ("a, f=\"", "[", 99, "\"")));
  fail_if (is_too_deep (repeat ("a, f=(string)\"", "\\[", 99, "\", g=1;")));
  fail_if (is_too_deep (repeat ("a, f=(s){ \"", "\\133", 99, "\", b };")));
  fail_if (is_too_deep (repeat ("a, f=\"\\\"", "[", 99, "\\\"\"")));
  fail_unless (is_too_deep (repeat ("a, f=(structure)\"", "[", 9, "\"")));
  fail_unless (is_too_deep (repeat ("a, f=( GstCaps )\"", "\\[", 9, "\"")));
  fail_unless (is_too_deep (repeat ("a, f=(taglist)\"", "\\133", 9, "\"")));
  fail_unless (is_too_deep (repeat ("a, f=(GstSegment)\"", "[", 9, "\"")));
  fail_unless (is_too_deep (repeat ("a, f=(Unknown)\"", "[", 9, "\"")));
  fail_unless (is_too_deep (repeat ("a, f=(structure)<\"", "[", 9, "\">")));
  /* The first type may be that of all. */
  fail_unless (
      is_too_deep (repeat ("a, f={ (structure)\"a\", \"", "\\[", 9, "\" }")));
  fail_if (is_too_deep (
      repeat ("a, f={ (structure)\"a\", (string)\"", "\\[", 9, "\" }")));
  /* Two levels of quotes. */
  fail_unless (is_too_deep (repeat (
      "a, f=(structure)\"a\\, f\\=\\(GstCaps\\)\\\"", "\\\\\\[", 9, "\\\"\"")));
  fail_unless (is_too_deep (repeat (
      "a, f=(structure)\"a\\, f\\=\\(GstCaps\\)\\\"", "\\\\133", 9, "\\\"\"")));
  fail_if (is_too_deep (repeat (
      "a, f=(structure)\"a\\, f\\=\\(string\\)\\\"", "\\\\\\[", 9, "\\\"\"")));
}
GST_END_TEST;

static gchar *
wrap (gchar *text)
{
  GString *wrapped = g_string_new ("a, f=(structure)\"");

  for (const gchar *c = text; *c; c++) {
    if (!g_ascii_isalnum (*c))
      g_string_append_c (wrapped, '\\');
    g_string_append_c (wrapped, *c);
  }
  g_string_append_c (wrapped, '"');
  g_free (text);
  return g_string_free (wrapped, FALSE);
}

GST_START_TEST (test_strings_in_strings)
{
  gchar *text = g_strdup ("a");

  for (guint i = 0; i < 8; i++)
    text = wrap (text);
  fail_if (is_too_deep (g_strdup (text)));
  /* The innermost may be plain text. */
  fail_unless (is_too_deep (wrap (wrap (text))));
}
GST_END_TEST;

/* What only seems to be a string, or to be closed. */
GST_START_TEST (test_hidden_nesting)
{
  fail_unless (is_too_deep (repeat ("a, f=[b;\"], g=", "[a, f=", 9, "1\"")));
  fail_unless (is_too_deep (repeat ("a, f=", "[\"]\", ", 9, "1")));
  fail_unless (is_too_deep (repeat ("a, f=", "[a, f=\"]\", g=", 9, "1")));
  fail_unless (is_too_deep (repeat ("a, f=\"", "[a, f=", 9, "1")));
  fail_unless (is_too_deep (repeat ("a\\\", f=", "[a, f=", 9, "\"")));
  fail_unless (is_too_deep (repeat ("\"a\\\"\", f=\"", "[a, f=", 9, "\"")));
  fail_unless (is_too_deep (repeat ("a, f=[\"a,", "[a, f=", 9, "\"]")));
  fail_unless (is_too_deep (repeat ("a, \\ f=\"", "[a, f=", 9, "\"")));
}
GST_END_TEST;

GST_START_TEST (test_nested_samples)
{
  const gchar *types[] = { "(sample)", "(GstSample)", "(sample){ 00, " };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    for (guint count = 1; count <= 9; count += 8) {
      gchar *caps = repeat ("a, f=", "[a, f=", count, "1");
      gchar *base64 =
          g_base64_encode ((const guchar *) caps, strlen (caps) + 1);
      gchar *text;

      g_strdelimit (base64, "=", '_');
      text = g_strconcat ("a, f=", types[i], "00:", base64, ":None:None", NULL);
      fail_unless (gst_zero_buffer_text_is_too_deep (text, strlen (text)) ==
                   (count == 9 || i == 2)); /* the last is not closed */
      g_free (text);
      g_free (base64);
      g_free (caps);
    }
  }
}
GST_END_TEST;

GST_START_TEST (test_nested_json)
{
  fail_if (is_json_too_deep (repeat ("", "[", 64, "")));
  fail_unless (is_json_too_deep (repeat ("", "[", 65, "")));
  fail_unless (is_json_too_deep (repeat ("", "{\"a\": ", 65, "")));
  fail_if (is_json_too_deep (repeat ("[1", ", [1.5e+3]", 99, "]")));
  fail_if (is_json_too_deep (repeat ("{\"a\": \"\\\"", "[", 99, "\\u005b\"}")));
  fail_if (is_json_too_deep (repeat ("\"\\ud83d\\ude00", "[", 99, "\"")));
  /* What a parser may understand another way. */
  fail_unless (is_json_too_deep (repeat ("// \"\n", "[", 99, "\"")));
  fail_unless (is_json_too_deep (repeat ("/* \" */", "[", 99, "\"")));
  fail_unless (is_json_too_deep (repeat ("'\"'", "[", 99, "\"")));
  fail_unless (is_json_too_deep (repeat ("\"\\u\"", "[", 99, "\"")));
  fail_unless (is_json_too_deep (repeat ("\"\\ud800\"", "[", 99, "\"")));
  fail_unless (is_json_too_deep (repeat ("\"", "[", 99, "")));
  fail_unless (is_json_too_deep (repeat ("\"\"]", "[]]", 99, "")));
}
GST_END_TEST;

/* ---- what is passed is parsed in no time ---- */

static GstStructure *
get_structure (const gchar *text)
{
  GByteArray *bytes = g_byte_array_new ();
  GstStructure *structure;
  GstByteReader reader;

  gst_zero_buffer_put_string (bytes, text);
  gst_byte_reader_init (&reader, bytes->data, bytes->len);
  structure = gst_zero_buffer_get_structure (&reader);
  g_byte_array_unref (bytes);
  return structure;
}

/* GStreamer would be at most of these for longer than anybody waits, or use up
 * its stack. */
GST_START_TEST (test_attacks)
{
  static const struct {
    const gchar *before, *text;
    guint count;
    const gchar *after;
  } attacks[] = {
    { "a, f=", "[a, f=", 40, "" },
    { "a, f=", "[a, f=", 1000000, "" },
    { "a, f=", "[\"]\", ", 1000000, "" },
    { "a, f=", "{", 10000000, "" },
    { "a, f=[a, f=[a, f=[a, f=[a, f=[a, f=[a, f=", " ", 10000000, "" },
    { "a, f=(structure)\"\\", "134", 3000000, "\"" },
    { "a, f=(structure)\"", "\\\\", 5000000, "\"" },
    { "a", ", f=1", 2000000, "" },
    { "a(", "m:A,", 2000000, ")" },
  };
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++) {
    gchar *text = repeat (
        attacks[i].before, attacks[i].text, attacks[i].count, attacks[i].after);
    fail_unless (get_structure (text) == NULL);
    g_free (text);
  }
  fail_unless (g_get_monotonic_time () - begin < 30 * G_USEC_PER_SEC);
}
GST_END_TEST;

static GRand *dice;

static gboolean
chance (guint of)
{
  return g_rand_int_range (dice, 0, of) == 0;
}

static const gchar *
pick (const gchar *const *from, guint count)
{
  return from[g_rand_int_range (dice, 0, count)];
}

/* Not always as it must be. */
static void
append_escaped (GString *text, const gchar *contents)
{
  for (; *contents; contents++) {
    if (chance (12))
      g_string_append_printf (text, "\\%03o", (guchar) *contents);
    else if (g_ascii_isdigit (*contents) || chance (40) ||
             (g_ascii_isalpha (*contents) && !chance (12)))
      g_string_append_c (text, *contents);
    else
      g_string_append_printf (text, "\\%c", *contents);
  }
}

static void append_random_structure (GString *text, gint depth);

static void
append_random_value (GString *text, gint depth)
{
  static const gchar *const types[] = { "", "", "(structure)", "(GstCaps)",
    "(string)", "( taglist )", "(int)", "(GstSegment)", "(sample)", "(list)" };
  static const gchar *const quotes[] = { "[]", "{}", "<>", "\"\"" };
  const gchar *quote = pick (quotes, G_N_ELEMENTS (quotes));
  GString *inner;

  g_string_append (text, pick (types, G_N_ELEMENTS (types)));
  if (depth <= 0) {
    g_string_append (text, chance (2) ? "1" : "[ 1, 2 ]");
    return;
  }
  inner = g_string_new (NULL);
  if (*quote == '"' || (*quote == '[' && chance (2))) {
    append_random_structure (inner, depth - 1);
  } else {
    append_random_value (inner, depth - 1);
    g_string_append (inner, ", ");
    append_random_value (inner, depth - 1);
  }
  g_string_append_c (text, quote[0]);
  if (*quote == '"')
    append_escaped (text, inner->str);
  else
    g_string_append (text, inner->str);
  g_string_append_c (text, quote[1]);
  g_string_free (inner, TRUE);
}

static void
append_random_structure (GString *text, gint depth)
{
  g_string_append (text, chance (10) ? "\"n\\a, f=[\"" : "taglist");
  while (!chance (3)) {
    g_string_append (text, ", f=");
    append_random_value (text, depth - 1);
  }
  if (chance (2))
    g_string_append_c (text, ';');
  if (chance (9))
    g_string_append (text, "\"], ");
}

static void
damage (GString *text)
{
  static const gchar characters[] = "[]{}<>\"\\;,=() 1a";
  guint begin = g_rand_int_range (dice, 0, text->len);
  guint size = g_rand_int_range (dice, 0, text->len - begin + 1);
  gchar *part = g_strndup (text->str + begin, size);

  while (!chance (2))
    text->str[g_rand_int_range (dice, 0, text->len)] =
        characters[g_rand_int_range (dice, 0, sizeof characters - 1)];
  while (!chance (20) && size < 200 && text->len < 5000)
    g_string_insert (text, begin, part);
  g_free (part);
}

GST_START_TEST (test_random_text)
{
  guint passed = 0;

  _gst_check_expecting_log = TRUE;
  dice = g_rand_new_with_seed (1);
  for (guint i = 0; i < 5000; i++) {
    GString *text = g_string_new (NULL);
    gint64 begin = g_get_monotonic_time ();
    GstStructure *structure;
    GstCaps *caps;

    append_random_structure (text, g_rand_int_range (dice, 0, 12));
    if (chance (2))
      damage (text);
    if (!is_too_deep (g_strdup (text->str))) {
      passed++;
      structure = get_structure (text->str);
      gst_clear_structure (&structure);
      caps = gst_caps_from_string (text->str);
      gst_clear_caps (&caps);
    }
    fail_unless (g_get_monotonic_time () - begin < 5 * G_USEC_PER_SEC,
        "This took too long: %s", text->str);
    g_string_free (text, TRUE);
  }
  g_rand_free (dice);
  _gst_check_expecting_log = FALSE;
  fail_unless (passed > 500);
}
GST_END_TEST;

/* ---- events that must not be taken for attacks ---- */

static GstEvent *
send (GstEvent *event)
{
  GByteArray *bytes = g_byte_array_new ();
  GstByteReader reader;
  GstEvent *received;

  gst_zero_buffer_event_write (event, bytes);
  gst_byte_reader_init (&reader, bytes->data, bytes->len);
  received = gst_zero_buffer_event_read (&reader);
  fail_unless (received != NULL);
  g_byte_array_unref (bytes);
  gst_event_unref (event);
  return received;
}

static GstSample *
new_cover (void)
{
  GstBuffer *buffer = gst_buffer_new_memdup ("JPEG", 4);
  GstCaps *caps = gst_caps_new_simple (
      "image/jpeg", "title", G_TYPE_STRING, "[[[[[[[[[\"", NULL);
  GstSample *sample = gst_sample_new (buffer, caps, NULL,
      gst_structure_new ("info", "f", G_TYPE_STRING, "[[[[[[[[[", NULL));

  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  return sample;
}

GST_START_TEST (test_brackets_in_tags)
{
  const gchar *title = "[Live] [[[[[[[[[ \"[\" \\[ ; , = { <";
  GstSample *cover = new_cover ();
  GstTagList *tags = gst_tag_list_new (GST_TAG_TITLE, title, GST_TAG_IMAGE,
      cover, GST_TAG_COMMENT, "[[[[[", GST_TAG_COMMENT, "{[[[[", NULL);
  GstEvent *event = send (gst_event_new_tag (gst_tag_list_ref (tags)));
  GstTagList *received;
  GstSample *image;

  gst_event_parse_tag (event, &received);
  fail_unless (gst_tag_list_is_equal (tags, received));
  fail_unless (gst_tag_list_get_sample (received, GST_TAG_IMAGE, &image));
  fail_unless (gst_caps_is_equal (
      gst_sample_get_caps (image), gst_sample_get_caps (cover)));
  gst_sample_unref (image);
  gst_sample_unref (cover);
  gst_tag_list_unref (tags);
  gst_event_unref (event);
}
GST_END_TEST;

GST_START_TEST (test_brackets_in_fields)
{
  gchar *json = repeat ("\"x\": ", "[{\"a\": ", 100, "\\ NULL");
  GstStructure *inner =
      gst_structure_new ("inner", "json", G_TYPE_STRING, json, NULL);
  GstCaps *caps = gst_caps_new_simple (
      "video/x-raw", "width", GST_TYPE_INT_RANGE, 1, 2, NULL);
  GstStructure *outer = gst_structure_new ("outer", "json", G_TYPE_STRING, json,
      "inner", GST_TYPE_STRUCTURE, inner, "caps", GST_TYPE_CAPS, caps, NULL);
  GstEvent *event;

  for (guint i = 0; i < 10; i++) {
    gchar *name = g_strdup_printf ("range-%u", i);
    gst_structure_set (outer, name, GST_TYPE_INT_RANGE, 1, 2, NULL);
    g_free (name);
  }
  event = send (gst_event_new_custom (
      GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_copy (outer)));
  fail_unless (gst_structure_is_equal (gst_event_get_structure (event), outer));
  gst_event_unref (event);
  gst_structure_free (outer);
  gst_structure_free (inner);
  gst_caps_unref (caps);
  g_free (json);
}
GST_END_TEST;

/* ---- what is said in the log ---- */

static guint logged; /* warnings and errors */

static void
count_log (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer unused)
{
  logged += level <= GST_LEVEL_WARNING;
}

static void
begin_log (void)
{
  logged = 0;
  gst_debug_set_default_threshold (GST_LEVEL_WARNING);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (count_log, NULL, NULL);
}

static guint
end_log (void)
{
  gst_debug_remove_log_function (count_log);
  gst_debug_set_default_threshold (GST_LEVEL_NONE);
  return logged;
}

/* As decoders lay pictures out; @stride is that of the first plane. */
static GstBuffer *
new_padded (gint stride)
{
  gsize offsets[GST_VIDEO_MAX_PLANES] = { 0, 20000, 30000 };
  gint strides[GST_VIDEO_MAX_PLANES] = { stride, 64, 64 };
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 40000, NULL);
  GstVideoMeta *meta =
      gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
          GST_VIDEO_FORMAT_I420, 100, 80, 3, offsets, strides);

  meta->alignment.padding_right = 28;
  meta->alignment.padding_bottom = 16;
  return buffer;
}

static guint
get_right_padding (GstBuffer *buffer)
{
  GByteArray *bytes = g_byte_array_new ();
  GstBuffer *received = gst_buffer_new_allocate (NULL, 40000, NULL);
  GstByteReader reader;
  guint padding;

  gst_zero_buffer_metas_write (buffer, bytes);
  gst_byte_reader_init (&reader, bytes->data, bytes->len);
  fail_unless (gst_zero_buffer_metas_read (received, &reader));
  padding = gst_buffer_get_video_meta (received)->alignment.padding_right;
  g_byte_array_unref (bytes);
  gst_buffer_unref (received);
  gst_buffer_unref (buffer);
  return padding;
}

GST_START_TEST (test_padded_pictures_are_no_news)
{
  begin_log ();
  fail_unless_equals_int (get_right_padding (new_padded (128)), 28);
  fail_unless_equals_int (get_right_padding (new_padded (192)), 0);
  fail_unless_equals_int (end_log (), 0);
}
GST_END_TEST;

GST_START_TEST (test_caps_are_no_news)
{
  const gchar *const all[] = { "audio/x-opus,channels=2", "video/x-h264",
    "image/jpeg", "text/x-raw", "application/x-rtp", "ANY", "EMPTY" };
  GstVideoInfo video;
  GstAudioInfo audio;

  begin_log ();
  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    GstCaps *caps = gst_caps_from_string (all[i]);
    fail_if (gst_zero_buffer_format_get_video_info (caps, &video));
    fail_if (gst_zero_buffer_format_get_audio_info (caps, &audio));
    gst_caps_unref (caps);
  }
  fail_unless_equals_int (end_log (), 0);
}
GST_END_TEST;

static guint
count_warnings_of_structure (const gchar *field)
{
  GByteArray *bytes = g_byte_array_new ();

  begin_log ();
  gst_zero_buffer_take_structure (
      bytes, gst_structure_new ("lossy", field, G_TYPE_POINTER, bytes, "number",
                 G_TYPE_INT, 1, NULL));
  fail_unless_equals_string ((gchar *) bytes->data, "lossy, number=(int)1;");
  g_byte_array_unref (bytes);
  return end_log ();
}

static guint
count_warnings_of_meta (GstBuffer *buffer)
{
  GByteArray *bytes = g_byte_array_new ();

  begin_log ();
  gst_zero_buffer_metas_write (buffer, bytes);
  g_byte_array_unref (bytes);
  return end_log ();
}

GST_START_TEST (test_losses_are_said_once)
{
  GstBuffer *buffer = gst_buffer_new ();
  GstBuffer *parent = gst_buffer_new ();

  fail_unless_equals_int (count_warnings_of_structure ("pointer"), 1);
  fail_unless_equals_int (count_warnings_of_structure ("pointer"), 0);
  fail_unless_equals_int (count_warnings_of_structure ("another"), 1);
  /* Nothing of the stream. */
  gst_buffer_add_parent_buffer_meta (buffer, parent);
  fail_unless_equals_int (count_warnings_of_meta (buffer), 0);
  gst_buffer_add_video_affine_transformation_meta (buffer);
  fail_unless_equals_int (count_warnings_of_meta (buffer), 1);
  fail_unless_equals_int (count_warnings_of_meta (buffer), 0);
  gst_buffer_unref (buffer);
  gst_buffer_unref (parent);

  begin_log ();
  fail_unless (get_structure ("a, f=[[[[[[[[[[") == NULL);
  fail_unless_equals_int (end_log (), 1);
}
GST_END_TEST;

/* ---- damage ---- */

static GstEvent *
new_event (guint number)
{
  GstSegment segment;
  GstCaps *caps;
  GstEvent *event;

  switch (number) {
    case 0:
      return gst_event_new_stream_start ("a stream");
    case 1:
      caps = gst_caps_from_string ("video/x-raw,width=1,format=RGB");
      event = gst_event_new_caps (caps);
      gst_caps_unref (caps);
      return event;
    case 2:
      gst_segment_init (&segment, GST_FORMAT_TIME);
      return gst_event_new_segment (&segment);
    case 3:
      return gst_event_new_tag (
          gst_tag_list_new (GST_TAG_TITLE, "title", NULL));
    case 4:
      return gst_event_new_gap (1, 2);
    case 5:
      return gst_event_new_segment_done (GST_FORMAT_TIME, 3);
    case 6:
      return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new ("custom", "answer", G_TYPE_INT, 42, NULL));
    case 7:
      return gst_event_new_eos ();
    default:
      return NULL;
  }
}

/* Parses it as an event, which may well be none. */
static gboolean
parse_event (const guint8 *data, guint size)
{
  GstByteReader reader;
  GstEvent *event;
  gboolean parsed;

  gst_byte_reader_init (&reader, data, size);
  event = gst_zero_buffer_event_read (&reader);
  parsed = event != NULL;
  gst_clear_event (&event);
  return parsed;
}

GST_START_TEST (test_events_that_end_early)
{
  GByteArray *bytes = g_byte_array_new ();
  GstEvent *event;

  for (guint i = 0; (event = new_event (i)); i++) {
    g_byte_array_set_size (bytes, 0);
    gst_zero_buffer_event_write (event, bytes);
    fail_unless (parse_event (bytes->data, bytes->len));
    for (guint size = 0; size < bytes->len; size++) {
      guint8 *copy = g_memdup2 (bytes->data, size);
      fail_if (parse_event (copy, size));
      g_free (copy);
    }
    gst_event_unref (event);
  }
  g_byte_array_unref (bytes);
}
GST_END_TEST;

static gboolean
parse_metas (const guint8 *data, guint size)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);
  GstByteReader reader;
  gboolean parsed;

  gst_byte_reader_init (&reader, data, size);
  parsed = gst_zero_buffer_metas_read (buffer, &reader);
  gst_buffer_unref (buffer);
  return parsed;
}

static GByteArray *
write_metas (void)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);
  GByteArray *bytes = g_byte_array_new ();

  GST_BUFFER_OFFSET (buffer) = 7;
  gst_buffer_add_video_meta (
      buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8, 8, 8);
  gst_buffer_add_video_crop_meta (buffer);
  gst_buffer_add_video_region_of_interest_meta (buffer, "roi", 1, 2, 3, 4);
  gst_zero_buffer_metas_write (buffer, bytes);
  gst_buffer_unref (buffer);
  return bytes;
}

/* Wherever it is cut, it is taken for what it was, or for corrupt. */
GST_START_TEST (test_metas_that_end_early)
{
  GByteArray *bytes = write_metas ();
  guint whole = 0;

  fail_unless (parse_metas (bytes->data, bytes->len));
  for (guint size = 0; size < bytes->len; size++) {
    guint8 *copy = g_memdup2 (bytes->data, size);
    whole += parse_metas (copy, size);
    g_free (copy);
  }
  /* Nothing at all, and up to each of the four but the last. */
  fail_unless_equals_int (whole, 4);
  g_byte_array_unref (bytes);
}
GST_END_TEST;

/* What comes of numbers that are damaged is left open, but it must come to an
 * end, within its bounds. */
GST_START_TEST (test_damaged_numbers)
{
  GByteArray *bytes = write_metas ();
  GRand *random = g_rand_new_with_seed (1);

  for (guint i = 0; i < 5000; i++) {
    guint8 *copy = g_memdup2 (bytes->data, bytes->len);
    /* The offsets, the GstVideoMeta, and the head of what follows. */
    for (guint k = 0; k < 3; k++)
      copy[g_rand_int_range (random, 0, 96)] = g_rand_int (random);
    parse_metas (copy, bytes->len);
    g_free (copy);
  }
  g_rand_free (random);
  g_byte_array_unref (bytes);
}
GST_END_TEST;

/* ---- warnings of a ring that fills up ---- */

GST_START_TEST (test_fill)
{
  static const struct {
    guint percent, seconds, level;
  } steps[] = {
    { 79, 0, 0 },
    { 80, 0, 80 },
    { 94, 0, 0 },
    { 95, 0, 95 },
    { 100, 0, 0 },
    { 76, 2, 0 },
    { 95, 2, 0 },
    { 74, 2, 0 },
    { 95, 2, 95 },
    { 59, 2, 0 },
    { 80, 2, 80 },
    { 0, 2, 0 },
    { 100, 2, 0 }, /* not within the same second */
    { 100, 3, 95 },
    { 0, 9, 0 },
    { 100, 9, 95 }, /* the higher of both */
    { 80, 9, 0 },
  };
  GstZeroBufferFill fill = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    fail_unless_equals_int (
        gst_zero_buffer_fill_update (
            &fill, steps[i].percent, steps[i].seconds * GST_SECOND),
        steps[i].level);
}
GST_END_TEST;

/* ---- metas that the caps contradict ---- */

static GstBuffer *
new_picture (GstVideoFormat format, guint width, guint height, guint crop_width)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100 * 100 * 3, NULL);
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);

  gst_buffer_add_video_meta (
      buffer, GST_VIDEO_FRAME_FLAG_NONE, format, width, height);
  crop->x = 10;
  crop->width = crop_width;
  crop->height = 10;
  return buffer;
}

static void
check_metas (GstBuffer *buffer, gboolean has_video, gboolean has_crop)
{
  GstCaps *caps = gst_caps_from_string (
      "video/x-raw,format=RGB,width=64,height=48,framerate=30/1");
  GstZeroBufferFormat format;

  gst_zero_buffer_format_set_caps (&format, caps);
  gst_zero_buffer_format_remove_wrong_metas (&format, buffer);
  fail_unless ((gst_buffer_get_video_meta (buffer) != NULL) == has_video);
  fail_unless ((gst_buffer_get_video_crop_meta (buffer) != NULL) == has_crop);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
}

GST_START_TEST (test_metas_against_caps)
{
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 64, 48, 20), TRUE, TRUE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 100, 100, 90), TRUE, TRUE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 100, 100, 91), TRUE, FALSE);
  check_metas (
      new_picture (GST_VIDEO_FORMAT_RGB, 64, 48, G_MAXUINT), TRUE, FALSE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 63, 48, 20), FALSE, TRUE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 64, 47, 20), FALSE, TRUE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGBx, 64, 48, 20), FALSE, TRUE);
}
GST_END_TEST;

static Suite *
record_suite (void)
{
  Suite *suite = suite_create ("record");
  TCase *tcase = tcase_create ("record");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_sizes);
  tcase_add_test (tcase, test_nested_text);
  tcase_add_test (tcase, test_nested_strings);
  tcase_add_test (tcase, test_strings_in_strings);
  tcase_add_test (tcase, test_hidden_nesting);
  tcase_add_test (tcase, test_nested_samples);
  tcase_add_test (tcase, test_nested_json);
  tcase_add_test (tcase, test_attacks);
  tcase_add_test (tcase, test_random_text);
  tcase_add_test (tcase, test_brackets_in_tags);
  tcase_add_test (tcase, test_brackets_in_fields);
  tcase_add_test (tcase, test_padded_pictures_are_no_news);
  tcase_add_test (tcase, test_caps_are_no_news);
  tcase_add_test (tcase, test_losses_are_said_once);
  tcase_add_test (tcase, test_events_that_end_early);
  tcase_add_test (tcase, test_metas_that_end_early);
  tcase_add_test (tcase, test_damaged_numbers);
  tcase_add_test (tcase, test_metas_against_caps);
  tcase_add_test (tcase, test_fill);
  return suite;
}

GST_CHECK_MAIN (record);
