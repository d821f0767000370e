/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ctl: the verbs of certbundctl, one file each.
 *
 * Results go to stdout, reasons to stderr.  A verb returns the exit status:
 * 0 done, 1 found wanting, 64 to 78 as in sysexits(3). */
#ifndef CERTBUND_CTL_H
#define CERTBUND_CTL_H

#include "snapshot.h"

#define CTL_WANTING 1

typedef struct {
    const char *config_path;
    char **arguments;        /* behind the verb, NULL-terminated */
    const char *verb, *usage; /* as --help shows them */
} CtlCall;

int ctl_accept(const CtlCall *call);
int ctl_check(const CtlCall *call);
int ctl_classes(const CtlCall *call);
int ctl_contact(const CtlCall *call);
int ctl_drift(const CtlCall *call);
int ctl_drop(const CtlCall *call);
int ctl_erase(const CtlCall *call);
int ctl_events(const CtlCall *call);
int ctl_exempt(const CtlCall *call);
int ctl_export(const CtlCall *call);
int ctl_held(const CtlCall *call);
int ctl_key(const CtlCall *call);
int ctl_lookup(const CtlCall *call);
int ctl_notices(const CtlCall *call);
int ctl_preview(const CtlCall *call);
int ctl_process(const CtlCall *call);
int ctl_proof(const CtlCall *call);
int ctl_provenance(const CtlCall *call);
int ctl_purge(const CtlCall *call);
int ctl_release(const CtlCall *call);
int ctl_reports(const CtlCall *call);
int ctl_retry(const CtlCall *call);
int ctl_show(const CtlCall *call);
int ctl_unassigned(const CtlCall *call);

/* "certbundctl: " and the text, one line on stderr. */
void ctl_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Bytes of the file, "-" for standard input; NULL after complaining. */
GBytes *ctl_read_file(const char *name);

/* Every fault and warning on stderr, as it is. */
void ctl_print_faults(const Faults *faults);

/* Load the config alone; faults go to stderr.  NULL if there was an error. */
Config *ctl_load_config(const CtlCall *call);

/* Called by root: become user= of [milter], for good, so that what is made is the daemon's and
 * what is seen is what the daemon sees.  EX_OK, or the exit status after complaining. */
int ctl_become_user(const Config *config);

/* Load config, customers and templates; faults go to stderr.  NULL if there was
 * an error. */
Snapshot *ctl_load(const CtlCall *call);

#endif
