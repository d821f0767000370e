/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A zip -> its one CSV: within the limits, and the same out of a zip of ours. */
#include "fuzz.h"

#include "zip-maker.h"
#include "zip.h"

static const char *const csv_only[] = { ".csv", NULL };

static void check_again(const char *csv, gsize length)
{
    const ZipEntry entry
        = { .name = "events.csv", .content = csv, .length = length, .method = ZIP_STORED };
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) zip = zip_make(&entry, 1);
    gsize again_length;
    g_autofree char *again = zip_read_file(zip, csv_only, &again_length, &error);

    g_assert_no_error(error);
    g_assert_cmpmem(again, again_length, csv, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    gsize length;
    g_autofree char *csv = zip_read_file(bytes, csv_only, &length, &error);

    fuzz_check_error(error, csv);
    if (csv == NULL)
        return 0;
    g_assert_cmpuint(length, <=, ZIP_UNPACKED_MAX);
    g_assert_true(length <= ZIP_RATIO_FREE || length <= size * ZIP_RATIO_MAX);
    csv[length] = '\0'; /* the byte more that there is */
    check_again(csv, length);
    return 0;
}
