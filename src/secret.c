/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The secret file and the HMACs under it. */
#include "secret.h"

#include "errors.h"
#include "hex.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* The words that begin what is hashed. */
typedef enum { USE_MARK, USE_REFERENCE, USE_NOTICE, USE_MESSAGE_ID, USE_BOUNCE, USE_N } Use;
static const char *const use_words[USE_N]
    = { "mark", "reference", "notice", "message-id", "bounce" };

/* An HMAC that has taken the key and its word is copied for each name: half of its work is
 * done by then, and a report has tens of thousands of names. */
struct Secret {
    guint8 bytes[SECRET_SIZE];
    GHmac *begun[USE_N];
};

/* Every part goes in with the NUL that ends it: ("ab","c") is not ("a","bc"). */
static void update(GHmac *hmac, const char *part)
{
    g_hmac_update(hmac, (const guint8 *)part, (gssize)strlen(part) + 1);
}

static void begin_all(Secret *secret)
{
    for (Use use = 0; use < USE_N; use++) {
        secret->begun[use] = g_hmac_new(G_CHECKSUM_SHA256, secret->bytes, SECRET_SIZE);
        update(secret->begun[use], use_words[use]);
    }
}

static gboolean fill_file(int fd, const char *path, GError **error)
{
    guint8 bytes[SECRET_SIZE];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes
        || write(fd, bytes, sizeof bytes) != sizeof bytes || fsync(fd) != 0) {
        error_temporary(error, "%s: can't write the secret: %s", path, g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

/* A link() of a finished file: it is there whole or not at all, and if another
 * process was faster, its secret is the one. */
static gboolean create_file(const char *directory, const char *path, GError **error)
{
    g_autofree char *draft = g_build_filename(directory, ".secret.XXXXXX", NULL);
    if (g_mkdir_with_parents(directory, 0750) != 0) {
        error_temporary(error, "%s: can't make this directory: %s", directory, g_strerror(errno));
        return FALSE;
    }
    int fd = g_mkstemp_full(draft, O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_temporary(error, "%s: can't make the secret: %s", path, g_strerror(errno));
        return FALSE;
    }
    gboolean filled = fill_file(fd, path, error);
    close(fd);
    if (filled && link(draft, path) != 0 && errno != EEXIST) {
        error_temporary(error, "%s: can't make the secret: %s", path, g_strerror(errno));
        filled = FALSE;
    }
    unlink(draft);
    return filled;
}

static Secret *read_file(int fd, const char *path, GError **error)
{
    g_autoptr(Secret) secret = g_new0(Secret, 1);
    struct stat status;
    char beyond;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
        error_input(error, "%s: expected a file of mode 0600 that nobody else can read", path);
        return NULL;
    }
    if (read(fd, secret->bytes, SECRET_SIZE) != SECRET_SIZE || read(fd, &beyond, 1) != 0) {
        error_input(error, "%s: expected exactly %d bytes", path, SECRET_SIZE);
        return NULL;
    }
    begin_all(secret);
    return g_steal_pointer(&secret);
}

Secret *secret_load(const char *directory, gboolean create, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "secret", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT && create) {
        if (!create_file(directory, path, error))
            return NULL;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0) {
        error_input(error, "%s: can't read the secret: %s", path, g_strerror(errno));
        return NULL;
    }
    Secret *secret = read_file(fd, path, error);
    close(fd);
    return secret;
}

Secret *secret_dummy(void)
{
    Secret *secret = g_new0(Secret, 1);
    begin_all(secret);
    return secret;
}

void secret_free(Secret *secret)
{
    if (secret == NULL)
        return;
    for (Use use = 0; use < USE_N; use++)
        g_clear_pointer(&secret->begun[use], g_hmac_unref);
    explicit_bzero(secret->bytes, sizeof secret->bytes);
    g_free(secret);
}

static GHmac *start(const Secret *secret, Use use)
{
    return g_hmac_copy(secret->begun[use]);
}

GHmac *secret_mark_start(const Secret *secret, const char *message_id)
{
    GHmac *hmac = start(secret, USE_MARK);
    update(hmac, message_id);
    return hmac;
}

static void digest_key(const Secret *secret, Use use, const NoticeKey *key,
                       guint8 digest_r[SECRET_SIZE])
{
    g_autoptr(GHmac) hmac = start(secret, use);
    gsize size = SECRET_SIZE;
    update(hmac, key->ticket);
    update(hmac, key->digest);
    update(hmac, key->customer);
    update(hmac, key->group);
    g_hmac_get_digest(hmac, digest_r, &size);
    g_assert(size == SECRET_SIZE);
}

/* The first characters of the digest: at most 12, for 64 bits. */
static void to_base32(const guint8 digest[SECRET_SIZE], guint chars, char *text_r)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    guint64 bits = 0;

    memcpy(&bits, digest, sizeof bits);
    bits = GUINT64_FROM_BE(bits);
    for (guint i = 0; i < chars; i++)
        text_r[i] = alphabet[(bits >> (64 - 5 * (i + 1))) & 31];
    text_r[chars] = '\0';
}

char *secret_reference(const Secret *secret, const NoticeKey *key, guint chars)
{
    guint8 digest[SECRET_SIZE];
    char text[SECRET_REFERENCE_CHARS_MAX + 1];

    g_assert(chars <= SECRET_REFERENCE_CHARS_MAX);
    digest_key(secret, USE_REFERENCE, key, digest);
    to_base32(digest, chars, text);
    return g_strdup_printf("A-%s", text);
}

char *secret_tag(const Secret *secret, const char *reference)
{
    g_autoptr(GHmac) hmac = start(secret, USE_BOUNCE);
    guint8 digest[SECRET_SIZE];
    gsize size = SECRET_SIZE;
    char text[SECRET_TAG_CHARS + 1];

    update(hmac, reference);
    g_hmac_get_digest(hmac, digest, &size);
    to_base32(digest, SECRET_TAG_CHARS, text);
    return g_strdup(text);
}

#define NAME_SIZE 20 /* bytes */

/* Hex of 160 bits: unique enough, and fit for a header line. */
static char *name_of(const Secret *secret, Use use, const NoticeKey *key)
{
    guint8 digest[SECRET_SIZE];
    char *name = g_malloc(2 * NAME_SIZE + 1);

    digest_key(secret, use, key, digest);
    hex_format(digest, NAME_SIZE, name);
    return name;
}

char *secret_notice_id(const Secret *secret, const NoticeKey *key)
{
    return name_of(secret, USE_NOTICE, key);
}

char *secret_message_id(const Secret *secret, const NoticeKey *key, const char *domain)
{
    g_autofree char *name = name_of(secret, USE_MESSAGE_ID, key);
    return g_strdup_printf("<%s@%s>", name, domain);
}
