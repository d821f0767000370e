/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Takes the one CSV out of a zip, by libarchive's reader of the central directory.
 *
 * Whatever libarchive warns of is an error here: a wrong CRC or length is a warning to it.
 * Of its unpackers only deflate is let work: those of LZMA and PPMd take as much memory
 * as the zip asks for.  Source: APPNOTE.TXT 6.3.10, sections 4.3.12 and 4.4.5. */
#include "zip.h"

#include "errors.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

#define CHUNK (64 * 1024) /* bytes between two looks at limits */

typedef struct archive Archive;

static void archive_close(Archive *archive)
{
    archive_read_free(archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_close)

/* Before libarchive makes an object of each.  The signature may stand in packed bytes by
 * chance, but not a hundred times. */
static gboolean few_entries(const char *data, gsize size)
{
    static const char signature[4] = { 'P', 'K', 1, 2 };
    const char *end = data + size, *p = data;
    guint n = 0;

    while (n <= ZIP_ENTRIES_MAX
           && (p = memmem(p, (gsize)(end - p), signature, sizeof(signature))) != NULL) {
        p += sizeof(signature);
        n++;
    }
    return n <= ZIP_ENTRIES_MAX;
}

static gboolean damaged(Archive *archive, GError **error)
{
    const char *why = archive_error_string(archive);

    error_input(error, "the zip is cut or damaged: %s", why != NULL ? why : "no reason given");
    return FALSE;
}

/* libarchive tells the method only by the text of the format, "ZIP 2.0 (deflation)". */
static gboolean is_method_known(Archive *archive)
{
    const char *format = archive_format_name(archive);

    return format != NULL
        && (g_str_has_suffix(format, "(deflation)") || g_str_has_suffix(format, "(uncompressed)"));
}

static gboolean has_ending(const char *name, const char *const *endings)
{
    gsize length = name != NULL ? strlen(name) : 0;

    for (; *endings != NULL; endings++) {
        gsize n = strlen(*endings);
        if (length >= n && g_ascii_strcasecmp(name + length - n, *endings) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Is this the entry to unpack?  TRUE and *wanted_r FALSE: it is a folder. */
static gboolean look_at_entry(Archive *archive, struct archive_entry *entry,
                              const char *const *endings, gboolean *wanted_r, GError **error)
{
    g_autofree char *all = g_strjoinv(", ", (char **)endings);
    g_autofree char *none = g_strdup_printf("a file in the zip is no %s", all);
    const char *why = NULL;

    *wanted_r = FALSE;
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return TRUE;
    if (archive_entry_filetype(entry) != AE_IFREG)
        why = "an entry of the zip is no plain file";
    else if (archive_entry_is_encrypted(entry))
        why = "the zip is encrypted";
    else if (!has_ending(archive_entry_pathname(entry), endings))
        why = none;
    else if (!is_method_known(archive))
        why = "the zip is packed otherwise than by deflate";
    if (why != NULL) {
        error_input(error, "%s", why);
        return FALSE;
    }
    *wanted_r = TRUE;
    return TRUE;
}

static gboolean is_bomb(gsize unpacked, gsize packed, GError **error)
{
    if (unpacked > ZIP_UNPACKED_MAX)
        error_input(error, "the zip holds more than %d bytes", ZIP_UNPACKED_MAX);
    else if (unpacked > ZIP_RATIO_FREE && (unpacked - 1) / ZIP_RATIO_MAX >= packed)
        error_input(error, "the zip holds more than %d times its size", ZIP_RATIO_MAX);
    else
        return FALSE;
    return TRUE;
}

static gboolean unpack(Archive *archive, gsize packed, GByteArray *out, GError **error)
{
    for (;;) {
        guint length = out->len;

        g_byte_array_set_size(out, length + CHUNK);
        la_ssize_t n = archive_read_data(archive, out->data + length, CHUNK);
        g_byte_array_set_size(out, length + (n > 0 ? (guint)n : 0));
        if (n < 0)
            return damaged(archive, error);
        if (n == 0)
            return TRUE;
        if (is_bomb(out->len, packed, error))
            return FALSE;
    }
}

static gboolean read_entries(Archive *archive, gsize packed, const char *const *endings,
                             GByteArray *out, GError **error)
{
    struct archive_entry *entry;
    gboolean found = FALSE, wanted;
    int state;

    while ((state = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
        if (!look_at_entry(archive, entry, endings, &wanted, error))
            return FALSE;
        if (wanted && found) {
            error_input(error, "the zip holds more than one file");
            return FALSE;
        }
        if (wanted && !unpack(archive, packed, out, error))
            return FALSE;
        found = found || wanted;
    }
    if (state != ARCHIVE_EOF)
        return damaged(archive, error);
    if (!found)
        error_input(error, "no file is in the zip");
    return found;
}

static char *read_zip(const char *data, gsize size, const char *const *endings, gsize *length_r,
                      GError **error)
{
    g_autoptr(Archive) archive = archive_read_new();
    g_autoptr(GByteArray) out = g_byte_array_new();

    if (archive == NULL || archive_read_support_format_zip_seekable(archive) != ARCHIVE_OK) {
        error_temporary(error, "no memory for a zip");
        return NULL;
    }
    if (archive_read_open_memory(archive, data, size) != ARCHIVE_OK) {
        damaged(archive, error);
        return NULL;
    }
    if (!read_entries(archive, size, endings, out, error))
        return NULL;
    *length_r = out->len;
    /* The array holds up to twice of it. */
    return g_realloc(g_byte_array_free(g_steal_pointer(&out), FALSE), *length_r + 1);
}

/* libarchive gives a name in the locale's charset, and none that doesn't fit into it: with a
 * UTF-8 one an umlaut is read in the daemon, which has no locale, as by the tool. */
char *zip_read_file(GBytes *zip, const char *const *endings, gsize *length_r, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(zip, &size);

    *length_r = 0;
    if (size > 0 && !few_entries(data, size)) {
        error_input(error, "the zip has more than %d entries", ZIP_ENTRIES_MAX);
        return NULL;
    }
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
    char *file = read_zip(data, size, endings, length_r, error);
    if (utf8 != (locale_t)0) {
        uselocale(before);
        freelocale(utf8);
    }
    return file;
}
