/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config: certbund-milter.conf -> checked settings.
 *
 * A GKeyFile whose keys are listed, with type, default and check, in one table
 * in config-table.c; see certbund-milter.conf(5).  Immutable and counted, so
 * that threads share it and a reload swaps it.  Strings are never NULL, "" when
 * not given; lists end in NULL. */
#ifndef CERTBUND_CONFIG_H
#define CERTBUND_CONFIG_H

#include "address.h"
#include "faults.h"
#include "source.h"

#define CONFIG_FILE_MAX (1024 * 1024)     /* bytes; ours with all comments has 10,000 */
#define CONFIG_SOCKET_PATH_MAX 107        /* sun_path with its NUL is 108 bytes */
#define CONFIG_MAIL_BYTES_MIN 1024        /* less than any mail's header */
#define CONFIG_MAIL_BYTES_MAX (1 << 30)   /* a mail is held in memory, six times over */
/* Of envelope-from before the '@': with "+A-", up to 12 characters, "-" and 10 of the tag
 * behind it (bounce.h) it must keep to the 64 of RFC 5321 section 4.5.3.1.1. */
#define CONFIG_ENVELOPE_LOCAL_MAX 38
#define CONFIG_AGE_MAX_SECS (100LL * 365 * 86400) /* now minus this is a time still */
#define CONFIG_BRAKE_CUSTOMERS_MAX 1000000 /* as many networks are loaded */
#define CONFIG_BRAKE_NOTICES_MAX 100000000 /* a day at 1000 a second */
#define CONFIG_DNS_PORT 53
#define CONFIG_SHA1_DIGITS 40   /* of a fingerprint: PGP version 4, certificates */
#define CONFIG_SHA256_DIGITS 64 /* certificates, PGP version 6 */
#define CONFIG_THROTTLE_MAX 60000          /* per minute: as many as an MTA takes */

/* What can prove that a mail is genuine: the words of require=, in the order in which they
 * are examined.  DNS is asked last. */
typedef enum {
    EVIDENCE_CLIENT,
    EVIDENCE_AUTH_RESULTS,
    EVIDENCE_PGP,
    EVIDENCE_SMIME,
    EVIDENCE_DKIM,
    EVIDENCE_N
} Evidence;
#define EVIDENCE_BIT(evidence) (1u << (evidence))

typedef enum { MODE_PILOT, MODE_LIVE, MODE_REDIRECT } Mode;

const char *mode_name(Mode mode); /* "pilot", "live", "redirect" */

typedef struct {
    Network *items;
    guint n;
} Networks;

/* Who sends a source's reports, and what proves it.  Group [intake] with [provenance] is
 * CERT-Bund's, [shadowserver] is Shadowserver's: see config_trust_group(). */
typedef struct {
    char **senders;      /* addr-specs or @domain, lower case */
    guint *require;      /* the alternatives, each a set of EVIDENCE_BIT(); 0 ends them */
    char **dkim_domains; /* lower case */
    char **keys;         /* fingerprints: capital hex without blanks */
    Networks clients;
} Trust;

typedef struct {
    char *path; /* as given */
    char *digest; /* SHA-256 of the file, hex */

    /* [milter] */
    char *socket; /* libmilter's spelling: unix:PATH, inet:PORT@HOST, fd:N */
    guint socket_mode;
    char *group, *user; /* "" stay what the process was started as */

    /* [intake] */
    char **recipients; /* addr-specs or @domain, lower case */
    gsize max_size_bytes;

    /* [provenance] */
    char *authserv_id;
    char **nameservers;  /* "192.0.2.53:53", "[2001:db8::53]:53"; none: the system's */
    char *gnupg_home;
    gint64 max_age_secs; /* 0: any age */

    /* [intake] and [provenance], [shadowserver] */
    Trust trust[SOURCE_N];
    gboolean shadowserver; /* enabled= */

    /* [customers] */
    char *customers_path; /* of source=csv:PATH */
    gint64 customers_max_age_secs; /* 0: any age */
    guint max_change_percent;

    /* [templates] */
    char **template_directories;
    gboolean unknown_class_notify; /* unknown-class=notify */

    /* [notices] */
    Mode mode;
    char *redirect_to;   /* addr-spec when MODE_REDIRECT, else "" */
    char **live_classes; /* empty: all */
    char *from, *reply_to; /* RFC 5322 mailboxes, UTF-8; "" when not given */
    char *envelope_from, *desk; /* addr-specs; envelope-from=<> is "" too */
    guint brake_customers; /* 0: none */
    guint brake_notices;
    guint throttle_per_minute; /* 0: none */
    gint64 renotify_after_secs, renotify_critical_secs;
    char *digest_at; /* for daytime_parse() */
    char *sign_key;

    /* [original] */
    char *disposition;
    gboolean rewrite_single;
    char *handled_to; /* addr-spec or "" */
    gboolean unassigned_daily;

    /* [submission] */
    char *via; /* smtp://HOST:PORT, smtps://USER@HOST, sendmail:PATH */

    /* [ledger] */
    char *ledger_path;
    gint64 keep_content_secs, keep_proof_secs;

    /* private */
    guint *lines; /* per key of the table: where it stands, 0 not given */
    gboolean *faulty;
} Config;

/* Read path; every fault is added with its line.  A faulty key keeps its default
 * (see config_is_faulty()), so that a caller can go on to find the faults of
 * other files; such a config must not be used.  NULL when path can't be read.
 * Lengths of time: 30s, 5m, 24h, 14d, 3y; sizes: 40 MiB, 512 KiB, bytes. */
Config *config_read(const char *path, Faults *faults);

/* The same, but NULL if there was an error. */
Config *config_load(const char *path, Faults *faults);
Config *config_ref(Config *config);
void config_unref(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_unref)

/* What the daemon needs beyond a well-formed file: provenance that this version
 * can prove, all four addresses of [notices] unless pilot, an intake that is
 * not empty, a submission that can work here. */
void config_check_start(const Config *config, Faults *faults);

const char *config_evidence_name(Evidence evidence); /* "dkim", as in require= */

/* The group that has the evidence keys of this source. */
const char *config_trust_group(ReportSource source);
/* Are its reports read at all? */
gboolean config_has_source(const Config *config, ReportSource source);
/* Is this fingerprint in the keys= of any source that is read? */
gboolean config_has_key(const Config *config, const char *fingerprint);

/* Where key of group stands in the file; 0 when it is not given. */
guint config_line(const Config *config, const char *group, const char *key);

/* A fingerprint as people write it, blanks and colons within -> as keys= has it; NULL when it
 * is none.  The caller frees. */
char *config_fingerprint(const char *text);

/* TRUE when the key's value was not understood. */
gboolean config_is_faulty(const Config *config, const char *group, const char *key);

/* The directory of the ledger and of the secret; caller frees. */
char *config_state_directory(const Config *config);

/* The file beside the config that has via='s passwords, if there is one; caller frees. */
char *config_netrc(const Config *config);

#endif
