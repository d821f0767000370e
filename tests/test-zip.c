/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Zips with one CSV, and everything else that a zip may be. */
#include "errors.h"
#include "zip-maker.h"
#include "zip.h"

#include <string.h>

#define CSV "\"ip\",\"timestamp\"\n\"192.0.2.7\",\"2025-02-11 11:10:25\"\n"

/* An empty file as gzip packs it. */
#define GZIP "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"

#define ENTRIES_MAX 3

typedef struct {
    const char *why;
    ZipEntry entries[ENTRIES_MAX]; /* those with a name */
    const char *error; /* part of it; NULL: the content of the first file comes out */
} Case;

static const Case cases[] = {
    { "deflated", { { .name = "events.csv", .content = CSV, .method = ZIP_DEFLATED } }, NULL },
    { "stored", { { .name = "events.csv", .content = CSV } }, NULL },
    { "empty", { { .name = "events.csv", .content = "" } }, NULL },
    { "with a BOM", { { .name = "events.csv", .content = "\xef\xbb\xbf" CSV } }, NULL },
    { "another name", { { .name = "2025-02-12 Bericht.CSV", .content = CSV } }, NULL },
    { "nothing but the ending", { { .name = ".csv", .content = CSV } }, NULL },
    { "umlaut in UTF-8",
      { { .name = "\xc3\x9c" "bersicht.csv", .content = CSV, .flags = ZIP_FLAG_UTF8 } }, NULL },
    { "umlaut in UTF-8, not said",
      { { .name = "\xc3\x9c" "bersicht.csv", .content = CSV } }, NULL },
    { "umlaut in code page 437", { { .name = "\x9a" "bersicht.csv", .content = CSV } }, NULL },

    /* no disk is written to, so a path is but a name */
    { "in a folder", { { .name = "a/b/events.csv", .content = CSV } }, NULL },
    { "a path upwards", { { .name = "../../../etc/events.csv", .content = CSV } }, NULL },
    { "an absolute path", { { .name = "/etc/events.csv", .content = CSV } }, NULL },
    { "a path of Windows", { { .name = "C:\\events.csv", .content = CSV } }, NULL },
    { "a folder in front",
      { { .name = "a/", .mode = 040755 }, { .name = "a/events.csv", .content = CSV } }, NULL },
    { "folders behind",
      { { .name = "events.csv", .content = CSV },
        { .name = "a/", .mode = 040755 },
        { .name = "b/", .mode = 040755 } }, NULL },
    { "only a folder", { { .name = "a.csv/", .mode = 040755 } }, "no file is in the zip" },

    { "no entry", { { .name = NULL } }, "cut or damaged" },
    { "two files",
      { { .name = "events.csv", .content = CSV }, { .name = "more.csv", .content = CSV } },
      "more than one file" },
    { "the same name twice",
      { { .name = "events.csv", .content = CSV }, { .name = "events.csv", .content = CSV } },
      "more than one file" },
    { "something else beside it",
      { { .name = "events.csv", .content = CSV }, { .name = "README.txt", .content = "x" } },
      "a file in the zip is no .csv" },
    { "something else instead", { { .name = "events.exe", .content = "MZ" } },
      "a file in the zip is no .csv" },
    { "a zip in it", { { .name = "events.zip", .content = "PK\x05\x06" } },
      "a file in the zip is no .csv" },
    { "the ending before the end", { { .name = "events.csv.exe", .content = CSV } },
      "a file in the zip is no .csv" },
    { "the ending without its dot", { { .name = "csv", .content = CSV } },
      "a file in the zip is no .csv" },
    { "a symbolic link", { { .name = "events.csv", .content = "/etc/passwd", .mode = 0120777 } },
      "no plain file" },
    { "a device", { { .name = "events.csv", .content = "", .mode = 020666 } }, "no plain file" },
    { "encrypted",
      { { .name = "events.csv", .content = "123456789012" CSV, .flags = ZIP_FLAG_ENCRYPTED } },
      "the zip is encrypted" },
    { "encrypted, deflated",
      { { .name = "events.csv", .content = CSV, .method = ZIP_DEFLATED,
          .flags = ZIP_FLAG_ENCRYPTED } },
      "the zip is encrypted" },
    { "packed by bzip2", { { .name = "events.csv", .content = CSV, .method = 12 } }, "by deflate" },
    { "packed by LZMA", { { .name = "events.csv", .content = CSV, .method = 14 } }, "by deflate" },
    { "packed by xz", { { .name = "events.csv", .content = CSV, .method = 95 } }, "by deflate" },
    { "packed by PPMd", { { .name = "events.csv", .content = CSV, .method = 98 } }, "by deflate" },
    { "packed by what isn't known", { { .name = "events.csv", .content = CSV, .method = 77 } },
      "by deflate" },

    { "a wrong CRC, stored", { { .name = "events.csv", .content = CSV, .crc_off = 1 } },
      "cut or damaged" },
    { "a wrong CRC, deflated",
      { { .name = "events.csv", .content = CSV, .method = ZIP_DEFLATED, .crc_off = 1U << 31 } },
      "cut or damaged" },
    { "longer than it says",
      { { .name = "events.csv", .content = CSV, .method = ZIP_DEFLATED, .size_off = (guint32)-1 } },
      "cut or damaged" },
    { "shorter than it says",
      { { .name = "events.csv", .content = CSV, .method = ZIP_DEFLATED, .size_off = 1 } },
      "cut or damaged" },
    { "a folder's CSV that is none of it",
      { { .name = "events.csv", .content = CSV, .crc_off = 1 }, { .name = "a/", .mode = 040755 } },
      "cut or damaged" },
};

static const char *const csv_only[] = { ".csv", NULL };

static void check(GBytes *zip, const char *want, gsize want_length, const char *want_error)
{
    g_autoptr(GError) error = NULL;
    gsize length;
    g_autofree char *csv = zip_read_file(zip, csv_only, &length, &error);

    if (want_error == NULL) {
        g_assert_no_error(error);
        g_assert_cmpmem(csv, length, want, want_length);
        return;
    }
    g_assert_null(csv);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    if (strstr(error->message, want_error) == NULL)
        g_error("not \"%s\" but: %s", want_error, error->message);
}

static void test_case(gconstpointer data)
{
    const Case *row = data;
    const char *want = NULL;
    guint n = 0;

    for (; n < ENTRIES_MAX && row->entries[n].name != NULL; n++)
        want = want != NULL ? want : row->entries[n].content;
    g_autoptr(GBytes) zip = zip_make(row->entries, n);
    check(zip, want, want != NULL ? strlen(want) : 0, row->error);
}

/* A zip is read from its end: wherever it is cut, nothing comes out. */
static void test_cut(void)
{
    g_autoptr(GBytes) zip = zip_make_one("events.csv", CSV);

    for (gsize length = 0; length < g_bytes_get_size(zip); length++) {
        g_autofree char *span = g_memdup2(g_bytes_get_data(zip, NULL), MAX(length, 1));
        g_autoptr(GBytes) cut = g_bytes_new_take(g_steal_pointer(&span), length);
        check(cut, NULL, 0, "cut or damaged");
    }
}

/* The CSV, or an error: never something else. */
static void test_altered(void)
{
    g_autoptr(GBytes) zip = zip_make_one("events.csv", CSV);
    gsize size = g_bytes_get_size(zip), refused = 0;

    for (gsize i = 0; i < 8 * size; i++) {
        char *copy = g_memdup2(g_bytes_get_data(zip, NULL), size);
        copy[i / 8] ^= (char)(1 << i % 8);
        g_autoptr(GBytes) altered = g_bytes_new_take(copy, size);
        g_autoptr(GError) error = NULL;
        gsize length;
        g_autofree char *csv = zip_read_file(altered, csv_only, &length, &error);

        g_assert_cmpint(csv == NULL, ==, error != NULL);
        if (csv != NULL)
            g_assert_cmpmem(csv, length, CSV, strlen(CSV));
        refused += csv == NULL;
    }
    g_assert_cmpuint(refused, >, size); /* most bits count; times and such don't */
}

/* An empty events.csv in a tar, which libarchive reads too (tar(5), POSIX ustar). */
static GBytes *make_tar(void)
{
    static const struct {
        gsize offset;
        const char *text;
    } fields[] = { { 0, "events.csv" }, { 100, "0000644" }, { 124, "00000000000" },
                   { 148, "        " }, { 156, "0" },       { 257, "ustar" } };
    const gsize size = 10240;
    char *tar = g_malloc0(size);
    guint sum = 0;

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        g_strlcpy(tar + fields[i].offset, fields[i].text, 100);
    for (guint i = 0; i < 512; i++)
        sum += (guchar)tar[i];
    g_snprintf(tar + 148, 8, "%06o", sum);
    return g_bytes_new_take(tar, size);
}

static void test_no_zip(void)
{
    static const struct {
        const char *bytes;
        gsize length;
    } rows[] = { { CSV, sizeof(CSV) - 1 }, { GZIP, sizeof(GZIP) - 1 }, { "PK", 2 }, { "", 0 } };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new(rows[i].bytes, rows[i].length);
        check(bytes, NULL, 0, "cut or damaged");
    }
    g_autoptr(GBytes) bytes = make_tar();
    check(bytes, NULL, 0, "cut or damaged");
}

/* ---- limits */

static void test_size_limit(void)
{
    for (guint more = 0; more < 2; more++) {
        gsize length = ZIP_UNPACKED_MAX + more;
        g_autofree char *content = g_strnfill(length, 'x');
        const ZipEntry entry = { .name = "events.csv", .content = content };
        g_autoptr(GBytes) zip = zip_make(&entry, 1);

        check(zip, content, length, more ? "more than 67108864 bytes" : NULL);
    }
}

/* The size of a zip with this much of one byte, which deflate packs best. */
static gsize size_of(gsize length)
{
    g_autofree char *content = g_strnfill(length, 'x');
    g_autoptr(GBytes) zip = zip_make_one("events.csv", content);

    return g_bytes_get_size(zip);
}

/* At ZIP_RATIO_FREE any ratio is fine. */
static void test_free_ratio(void)
{
    for (guint more = 0; more < 2; more++) {
        gsize length = ZIP_RATIO_FREE + more;
        g_autofree char *content = g_strnfill(length, 'x');
        g_autoptr(GBytes) zip = zip_make_one("events.csv", content);

        g_assert_cmpuint(size_of(length), <, length / ZIP_RATIO_MAX);
        check(zip, content, length, more ? "more than 100 times" : NULL);
    }
}

/* Two folders' names fill the zip up to one hundredth of what it holds, or one byte less. */
static void test_ratio_limit(void)
{
    gsize length = 2 * ZIP_RATIO_FREE / ZIP_RATIO_MAX * ZIP_RATIO_MAX;
    g_autofree char *content = g_strnfill(length, 'x');
    ZipEntry entries[] = { { .name = "events.csv", .content = content, .method = ZIP_DEFLATED },
                           { .name = "x/", .mode = 040755, .content = "" } };

    for (guint less = 0; less < 2; less++) {
        entries[1].content = "";
        g_autoptr(GBytes) bare = zip_make(entries, 2);
        g_autofree char *fill
            = g_strnfill(length / ZIP_RATIO_MAX - g_bytes_get_size(bare) - less, 'y');
        entries[1].content = fill;
        g_autoptr(GBytes) zip = zip_make(entries, 2);

        g_assert_cmpuint(g_bytes_get_size(zip), ==, length / ZIP_RATIO_MAX - less);
        check(zip, content, length, less ? "more than 100 times" : NULL);
    }
}

static void test_entries_limit(void)
{
    for (guint more = 0; more < 2; more++) {
        guint n = ZIP_ENTRIES_MAX + more;
        g_autofree ZipEntry *entries = g_new0(ZipEntry, n);

        for (guint i = 0; i < n; i++)
            entries[i] = (ZipEntry){ .name = "x/", .mode = 040755 };
        entries[0] = (ZipEntry){ .name = "x/events.csv", .content = CSV };
        g_autoptr(GBytes) zip = zip_make(entries, n);
        check(zip, CSV, strlen(CSV), more ? "more than 100 entries" : NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/zip/read/%s", cases[i].why);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/zip/cut", test_cut);
    g_test_add_func("/zip/altered", test_altered);
    g_test_add_func("/zip/no-zip", test_no_zip);
    g_test_add_func("/zip/size-limit", test_size_limit);
    g_test_add_func("/zip/free-ratio", test_free_ratio);
    g_test_add_func("/zip/ratio-limit", test_ratio_limit);
    g_test_add_func("/zip/entries-limit", test_entries_limit);
    return g_test_run();
}
