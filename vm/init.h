/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * init.h - what the parts of the guest's first process share
 */
#ifndef VM_INIT_H
#define VM_INIT_H

/** MAXARGS - words of a job, and a NULL. */
#define MAXARGS 64

/** stopped - no job after this one makes sense. */
extern int stopped;

/** now() - seconds since the guest began. */
double now(void);

/**
 * job_done() - tell the host of a job
 * @job: its line
 * @ok: it is as it should be
 * @status: of a program
 * @begun: now() at its begin
 * @why: what went wrong, or why it was skipped; or NULL
 */
void job_done(const char *job, int ok, int status, double begun,
	      const char *why);

/* modules.c: the verbs; argv without the verb. */
void do_insmod(const char *job, char **argv);
void do_rmmod(const char *job, char **argv);
void do_load(const char *job, char **argv);
void do_unload(void);

#endif /* VM_INIT_H */
