/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* gpg: words and bytes -> what gpg(1) says of them, over the keyring in gnupg-home=.
 *
 * gpg asks nobody, starts no agent but to sign, asks no network, reads no options from a file and takes no
 * key from what it verifies.  It needs only to read the home, unless keys are imported or
 * removed. */
#ifndef CERTBUND_GPG_H
#define CERTBUND_GPG_H

#include "child.h"

#define GPG_SECS 20      /* a signature over 40 MiB takes one; the MTA waits 300 in all */
#define GPG_TURN_SECS 30 /* for a turn among CHILD_AT_ONCE */
/* Of what it says: 1,500 keys, or more signatures than PGP_SIGNATURE_MAX bytes can have. */
#define GPG_OUTPUT_MAX (1024 * 1024)

/* What a signature and what is signed are called among words. */
#define GPG_DATA "-&3"
#define GPG_MORE_DATA "-&4"

/* Signing reads only, and has gpg's agent do the secret key's work; it stays running. */
typedef enum { GPG_READ, GPG_WRITE, GPG_SIGN } GpgAccess;

/* Run gpg with these words (ending in NULL) behind its fixed options; status lines come among
 * result_r->output.  Its exit status is no failure.
 * CERTBUND_ERROR_INPUT when gpg is not there, or says too much; CERTBUND_ERROR_TEMPORARY when
 * it can't be run now, took GPG_SECS or was killed. */
gboolean gpg_run(const char *home, GpgAccess access, const char *const *words,
                 const ChildOrder *bytes, ChildResult *result_r, GError **error);

typedef enum { GPG_KEYRING, GPG_NO_KEYRING, GPG_UNREADABLE } GpgKeyring;

/* Is there a keyring that we can read?  If not, CERTBUND_ERROR_INPUT says what is missing.  To
 * be asked before each reading: gpg would make an empty one. */
GpgKeyring gpg_keyring(const char *home, GError **error);

/* The first line of what gpg told people, without its name; caller frees. */
char *gpg_words(const ChildResult *result);

/* Another program in its place (NULL: gpg again), for tests without threads. */
void gpg_use_program(const char *path);

#endif
