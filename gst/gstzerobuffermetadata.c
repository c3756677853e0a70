/* SPDX-License-Identifier: MIT */
#include "gstzerobuffermetadata.h"

#include <json-glib/json-glib.h>

#include "gstzerobuffertext.h"

static void
add_string (JsonBuilder *builder, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

gchar *
gst_zero_buffer_metadata_new (GstElement *element, GstCaps *caps)
{
  JsonBuilder *builder = json_builder_new ();
  gchar *version = gst_version_string ();
  gchar *name = gst_element_get_name (element);
  JsonNode *root;
  gchar *json;

  json_builder_begin_object (builder);
  add_string (builder, "type", "zerobuffersink");
  add_string (builder, "version", version);
  if (caps) {
    gchar *text = gst_caps_to_string (caps);
    add_string (builder, "caps", text);
    g_free (text);
  }
  add_string (builder, "element_name", name);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  json = json_to_string (root, FALSE);
  json_node_unref (root);
  g_object_unref (builder);
  g_free (name);
  g_free (version);
  return json;
}

static GstCaps *
get_caps (JsonNode *root, GError **error)
{
  const gchar *text;
  JsonObject *object;
  JsonNode *member;
  GstCaps *caps;

  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error_literal (error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_UNKNOWN,
        "expected a JSON object");
    return NULL;
  }
  object = json_node_get_object (root);
  member = json_object_get_member (object, "caps");
  if (!member)
    return NULL;
  text = json_node_get_value_type (member) == G_TYPE_STRING
             ? json_node_get_string (member)
             : NULL;
  /* In JSON brackets can be written another way. */
  caps = text && !gst_zero_buffer_text_is_too_deep (text, strlen (text))
             ? gst_caps_from_string (text)
             : NULL;
  if (!caps || !gst_caps_is_fixed (caps)) {
    g_set_error (error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_INVALID_DATA,
        "the caps \"%s\" in it are not those of a stream",
        text ? text : "(no string)");
    gst_clear_caps (&caps);
  }
  return caps;
}

GstCaps *
gst_zero_buffer_metadata_get_caps (
    gconstpointer data, gsize size, GError **error)
{
  JsonParser *parser;
  GstCaps *caps = NULL;

  /* What comes from older peers may end with a NUL, or several. */
  while (size > 0 && ((const gchar *) data)[size - 1] == '\0')
    size--;
  if (!g_utf8_validate (data, size, NULL) ||
      gst_zero_buffer_json_is_too_deep (data, size)) {
    g_set_error_literal (
        error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE, "it is not JSON");
    return NULL;
  }
  parser = json_parser_new ();
  if (json_parser_load_from_data (parser, data, size, error))
    caps = get_caps (json_parser_get_root (parser), error);
  g_object_unref (parser);
  return caps;
}
