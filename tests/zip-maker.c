/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "zip-maker.h"

#include <gio/gio.h>
#include <string.h>

#define VERSION_NEEDED 20  /* 2.0: folders and deflate */
#define MADE_BY_UNIX (3 << 8 | VERSION_NEEDED)
#define PLAIN_FILE 0100644

/* What both headers of an entry have in common, sections 4.3.7 and 4.3.12. */
typedef struct {
    const ZipEntry *entry;
    gsize length;
    GBytes *packed;
    guint32 crc, offset;
} Made;

static void append_le(GByteArray *out, guint32 value, guint bytes)
{
    for (guint i = 0; i < bytes; i++) {
        guint8 byte = (guint8)(value >> (8 * i));
        g_byte_array_append(out, &byte, 1);
    }
}

/* The polynomial of IEEE 802.3, least significant bit first. */
static guint32 crc32_of(const guint8 *data, gsize length)
{
    guint32 table[256], crc = 0xffffffff;

    for (guint32 i = 0; i < 256; i++) {
        table[i] = i;
        for (guint bit = 0; bit < 8; bit++)
            table[i] = table[i] & 1 ? table[i] >> 1 ^ 0xedb88320 : table[i] >> 1;
    }
    for (gsize i = 0; i < length; i++)
        crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
    return ~crc;
}

static GBytes *deflated(GBytes *plain)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GZlibCompressor) deflate
        = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_RAW, -1);
    g_autoptr(GInputStream) memory = g_memory_input_stream_new_from_bytes(plain);
    g_autoptr(GInputStream) from
        = g_converter_input_stream_new(memory, (GConverter *)deflate);
    g_autoptr(GOutputStream) to = g_memory_output_stream_new_resizable();

    g_output_stream_splice(to, from, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
    g_assert_no_error(error);
    return g_memory_output_stream_steal_as_bytes((GMemoryOutputStream *)to);
}

static void append_common(GByteArray *out, const Made *made)
{
    append_le(out, VERSION_NEEDED, 2);
    append_le(out, made->entry->flags, 2);
    append_le(out, made->entry->method, 2);
    append_le(out, 0x5a4c0000, 4); /* time and date: 2025-02-12 00:00 */
    append_le(out, made->crc ^ made->entry->crc_off, 4);
    append_le(out, (guint32)g_bytes_get_size(made->packed), 4);
    append_le(out, (guint32)made->length + made->entry->size_off, 4);
    append_le(out, (guint32)strlen(made->entry->name), 2);
    append_le(out, 0, 2); /* no extra field */
}

static void append_name(GByteArray *out, const Made *made)
{
    g_byte_array_append(out, (const guint8 *)made->entry->name,
                        (guint)strlen(made->entry->name));
}

static void append_file(GByteArray *out, Made *made)
{
    const ZipEntry *entry = made->entry;
    gsize packed_length;

    made->length = entry->length != 0 || entry->content == NULL ? entry->length
                                                                : strlen(entry->content);
    g_autoptr(GBytes) plain = g_bytes_new_static(entry->content, made->length);
    made->crc = crc32_of((const guint8 *)entry->content, made->length);
    made->packed = entry->method == ZIP_DEFLATED ? deflated(plain) : g_bytes_ref(plain);
    made->offset = out->len;
    append_le(out, 0x04034b50, 4);
    append_common(out, made);
    append_name(out, made);
    const guint8 *packed = g_bytes_get_data(made->packed, &packed_length);
    if (packed_length > 0)
        g_byte_array_append(out, packed, (guint)packed_length);
}

static void append_entry(GByteArray *out, const Made *made)
{
    guint32 mode = made->entry->mode != 0 ? made->entry->mode : PLAIN_FILE;

    append_le(out, 0x02014b50, 4);
    append_le(out, MADE_BY_UNIX, 2);
    append_common(out, made);
    append_le(out, 0, 2); /* no comment */
    append_le(out, 0, 2); /* disk 0 */
    append_le(out, 0, 2); /* internal attributes */
    append_le(out, mode << 16, 4);
    append_le(out, made->offset, 4);
    append_name(out, made);
}

GBytes *zip_make(const ZipEntry *entries, guint n)
{
    GByteArray *out = g_byte_array_new();
    g_autofree Made *made = g_new0(Made, n);

    for (guint i = 0; i < n; i++) {
        made[i].entry = &entries[i];
        append_file(out, &made[i]);
    }
    guint32 start = out->len;
    for (guint i = 0; i < n; i++) {
        append_entry(out, &made[i]);
        g_bytes_unref(made[i].packed);
    }
    guint32 size = out->len - start;
    append_le(out, 0x06054b50, 4);
    append_le(out, 0, 4); /* this disk, and the directory's */
    append_le(out, n, 2);
    append_le(out, n, 2);
    append_le(out, size, 4);
    append_le(out, start, 4);
    append_le(out, 0, 2); /* no comment */
    return g_byte_array_free_to_bytes(out);
}

GBytes *zip_make_one(const char *name, const char *content)
{
    const ZipEntry entry = { .name = name, .content = content, .method = ZIP_DEFLATED };

    return zip_make(&entry, 1);
}
