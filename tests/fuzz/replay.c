/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Instead of libFuzzer: a target sees each of its seeds, and each input that it ever
 * crashed on.  TAP, one line a file; the name is told before, for it may be the last. */
#include "fuzz.h"

#include <stdio.h>

static void replay(const char *directory, const char *name)
{
    static guint n;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;
    gsize size;

    g_file_get_contents(path, &content, &size, &error);
    g_assert_no_error(error);
    g_autofree char *exact = g_memdup2(content, MAX(size, 1)); /* a sanitizer sees over-reads */
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput((const uint8_t *)exact, size);
    printf("ok %u - %s\n", ++n, name);
    fflush(stdout);
}

static guint replay_all(const char *directory)
{
    GDir *dir = g_dir_open(directory, 0, NULL); /* a target may have no crashers */
    const char *name;
    guint n = 0;

    for (; dir != NULL && (name = g_dir_read_name(dir)) != NULL; n++)
        replay(directory, name);
    if (dir != NULL)
        g_dir_close(dir);
    return n;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *program = g_path_get_basename(argv[0]); /* fuzz-NAME */
    g_assert_true(g_str_has_prefix(program, "fuzz-"));
    const char *name = program + strlen("fuzz-");
    g_autofree char *seeds = g_test_build_filename(G_TEST_DIST, "fuzz", "seeds", name, NULL);
    g_autofree char *crashers = g_test_build_filename(G_TEST_DIST, "fuzz", "crashers", name, NULL);
    guint n = replay_all(seeds);

    g_assert_cmpuint(n, >, 0);
    printf("1..%u\n", n + replay_all(crashers));
    return 0;
}
