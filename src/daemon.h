/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* daemon: what a server process needs of the system: its user, its socket file,
 * its place in the background. */
#ifndef CERTBUND_DAEMON_H
#define CERTBUND_DAEMON_H

#include "config.h"

/* Keep a second instance from taking the socket: a lock on SOCKET.lock, held
 * until the process ends.  Nothing to do for inet sockets.
 * CERTBUND_ERROR_TEMPORARY when another process has it. */
gboolean daemon_lock_socket(const Config *config, GError **error);

/* Give the listening unix socket the mode and group of the config, where it has not got
 * them from its directory.  CERTBUND_ERROR_INPUT when we may not. */
gboolean daemon_adorn_socket(const Config *config, GError **error);

/* Make the ledger's directory (0750, owned by user=) when it is missing. */
gboolean daemon_make_state_directory(const Config *config, GError **error);

#define DAEMON_GNUPG_MODE 0700 /* as gpg wants it */

/* Make gnupg-home= when it is missing, owned by user=: first, as root, what only root can
 * make; then, after daemon_become_user(), the rest. */
gboolean daemon_prepare_gnupg_home(const Config *config, GError **error);
gboolean daemon_make_gnupg_home(const Config *config, GError **error);

/* Become user=.  Started as root: with its groups, for good.  Started as somebody
 * else: fine if that is user=, or user= is empty. */
gboolean daemon_become_user(const Config *config, GError **error);

/* As user=: can config, customers and templates be read again at a reload? */
gboolean daemon_check_readable(const Config *config, GError **error);

/* Connect to the listening socket and hang up: a poll() on it returns. */
void daemon_poke_socket(const Config *config);

/* Tell the service manager, if one started us, that mail may come (sd_notify(3)). */
void daemon_tell_ready(void);

/* As many open files as the system lets us have: one per SMTP session. */
void daemon_raise_limits(void);

#endif
