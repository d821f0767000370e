/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config-table: every key of certbund-milter.conf, in the order of its man page. */
#include "config-table.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#ifndef DATADIR
#define DATADIR "/usr/share"
#endif
#ifndef RUNSTATEDIR
#define RUNSTATEDIR "/run"
#endif
#ifndef LOCALSTATEDIR
#define LOCALSTATEDIR "/var"
#endif
#define NAME "certbund-milter"
#define STATEDIR LOCALSTATEDIR "/lib/" NAME

#define OFFSET(member) G_STRUCT_OFFSET(Config, member)
#define TRUST(source, member) OFFSET(trust[SOURCE_##source].member)

/* The evidence of a source: the same keys in the group of each. */
#define REQUIRE(group, source)                                                                    \
    { group, "require", &config_type_require, "kinds of evidence", "dkim;pgp;smime",              \
      .offset = TRUST(source, require) }
#define DKIM_DOMAINS(group, source, domains)                                                      \
    { group, "dkim-domains", &config_type_domains, "domains", domains,                            \
      .offset = TRUST(source, dkim_domains) }
#define KEYS(group, source)                                                                       \
    { group, "keys", &config_type_fingerprints, "fingerprints", "",                               \
      .offset = TRUST(source, keys) }
#define CLIENTS(group, source)                                                                    \
    { group, "clients", &config_type_networks, "networks", "", .offset = TRUST(source, clients) }

const ConfigKey config_keys[] = {
    { "milter", "socket", &config_type_socket, "socket",
      "unix:" RUNSTATEDIR "/" NAME "/milter.sock", .offset = OFFSET(socket) },
    { "milter", "mode", &config_type_mode, "octal mode", "0660",
      .offset = OFFSET(socket_mode), .high = 0777 },
    { "milter", "group", &config_type_text, "group", "postfix", .offset = OFFSET(group) },
    { "milter", "user", &config_type_text, "user", NAME, .offset = OFFSET(user) },

    { "intake", "recipients", &config_type_intake, "addresses", "", .offset = OFFSET(recipients) },
    { "intake", "senders", &config_type_intake, "addresses",
      "reports@reports.cert-bund.de;certbund@bsi.bund.de", .offset = TRUST(CERTBUND, senders) },
    { "intake", "max-size", &config_type_size, "bytes", "40 MiB",
      .offset = OFFSET(max_size_bytes), .low = CONFIG_MAIL_BYTES_MIN,
      .high = CONFIG_MAIL_BYTES_MAX },

    REQUIRE("provenance", CERTBUND),
    { "provenance", "authserv-id", &config_type_text, "name", "", .offset = OFFSET(authserv_id) },
    DKIM_DOMAINS("provenance", CERTBUND, "reports.cert-bund.de;bsi.bund.de"),
    { "provenance", "nameservers", &config_type_nameservers, "addresses", "",
      .offset = OFFSET(nameservers) },
    KEYS("provenance", CERTBUND),
    { "provenance", "gnupg-home", &config_type_path, "directory", STATEDIR "/gnupg",
      .offset = OFFSET(gnupg_home) },
    CLIENTS("provenance", CERTBUND),
    { "provenance", "max-age", &config_type_duration, "seconds", "14d",
      .offset = OFFSET(max_age_secs), .high = CONFIG_AGE_MAX_SECS },

    { "shadowserver", "enabled", &config_type_boolean, "yes or no", "no",
      .offset = OFFSET(shadowserver) },
    { "shadowserver", "senders", &config_type_intake, "addresses", "",
      .offset = TRUST(SHADOWSERVER, senders) },
    REQUIRE("shadowserver", SHADOWSERVER),
    DKIM_DOMAINS("shadowserver", SHADOWSERVER, ""),
    KEYS("shadowserver", SHADOWSERVER),
    CLIENTS("shadowserver", SHADOWSERVER),

    { "customers", "source", &config_type_source, "file",
      "csv:" SYSCONFDIR "/" NAME "/customers.csv", .offset = OFFSET(customers_path) },
    { "customers", "max-age", &config_type_duration, "seconds", "0",
      .offset = OFFSET(customers_max_age_secs), .high = CONFIG_AGE_MAX_SECS },
    { "customers", "max-change", &config_type_percent, "percent", "30%",
      .offset = OFFSET(max_change_percent), .high = 100 },

    { "templates", "directories", &config_type_paths, "directories",
      SYSCONFDIR "/" NAME "/templates;" DATADIR "/" NAME "/templates",
      .offset = OFFSET(template_directories) },
    { "templates", "unknown-class", &config_type_choice, "word", "hold",
      .offset = OFFSET(unknown_class_notify), .words = "hold|notify" },

    { "notices", "mode", &config_type_notice_mode, "word", "pilot", .offset = OFFSET(mode) },
    { "notices", "live-classes", &config_type_classes, "classes", "",
      .offset = OFFSET(live_classes) },
    { "notices", "from", &config_type_mailbox, "mailbox", "", .offset = OFFSET(from) },
    { "notices", "reply-to", &config_type_mailbox, "mailbox", "", .offset = OFFSET(reply_to) },
    { "notices", "envelope-from", &config_type_null_address, "address", "",
      .offset = OFFSET(envelope_from) },
    { "notices", "desk", &config_type_address, "address", "", .offset = OFFSET(desk) },
    { "notices", "brake-customers", &config_type_count, "customers per report", "200",
      .offset = OFFSET(brake_customers), .high = CONFIG_BRAKE_CUSTOMERS_MAX },
    { "notices", "brake-notices", &config_type_count, "notices per day", "2000",
      .offset = OFFSET(brake_notices), .high = CONFIG_BRAKE_NOTICES_MAX },
    { "notices", "throttle", &config_type_rate, "notices per minute", "60/min",
      .offset = OFFSET(throttle_per_minute), .high = CONFIG_THROTTLE_MAX },
    { "notices", "renotify-after", &config_type_duration, "seconds", "7d",
      .offset = OFFSET(renotify_after_secs), .high = CONFIG_AGE_MAX_SECS },
    { "notices", "renotify-critical", &config_type_duration, "seconds", "24h",
      .offset = OFFSET(renotify_critical_secs), .high = CONFIG_AGE_MAX_SECS },
    { "notices", "digest-at", &config_type_daytime, "time of day", "06:00 UTC",
      .offset = OFFSET(digest_at) },
    { "notices", "sign-key", &config_type_sign_key, "key", "",
      .offset = OFFSET(sign_key) },

    { "original", "disposition", &config_type_word, "word", "keep",
      .offset = OFFSET(disposition), .words = "keep|rewrite|discard" },
    { "original", "rewrite-single", &config_type_boolean, "yes or no", "no",
      .offset = OFFSET(rewrite_single) },
    { "original", "handled-to", &config_type_address, "address", "", .offset = OFFSET(handled_to) },
    { "original", "unassigned", &config_type_choice, "word", "report",
      .offset = OFFSET(unassigned_daily), .words = "report|daily" },

    { "submission", "via", &config_type_via, "URL", "smtp://127.0.0.1:10025",
      .offset = OFFSET(via) },

    { "ledger", "path", &config_type_path, "file", STATEDIR "/ledger.db",
      .offset = OFFSET(ledger_path) },
    { "ledger", "keep-content", &config_type_duration, "seconds", "90d",
      .offset = OFFSET(keep_content_secs), .high = CONFIG_AGE_MAX_SECS },
    { "ledger", "keep-proof", &config_type_duration, "seconds", "3y",
      .offset = OFFSET(keep_proof_secs), .high = CONFIG_AGE_MAX_SECS },
};
const guint config_n_keys = G_N_ELEMENTS(config_keys);
