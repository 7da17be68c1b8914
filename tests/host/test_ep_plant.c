// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ep_plant.c - do the random tests of ep_pages notice planted faults?
 *
 * The same random tests and the same sources, built with the faults of
 * kmod/plant.h, and with the defect of 2002 that kmod/faithful.h has for them.
 * A test passes when the fault is found: by one who looks at every invariant,
 * and by one who sees only what the program sees.
 */
#include <errno.h>
#include <string.h>

/* The parameters with the names are here, as in one file of the module. */
#define PLANT_PARAM
#define FAITHFUL_WORDS	BIT(FAITHFUL_LOSTBIT)
#include "alloc.h"
#include "pages_model.h"
#include "share_world.h"

/* Steps within which a fault has to show. */
#define STEPS	20000

static const char *run(int round, unsigned int look, u32 entries)
{
	const struct random_run what = {
		.seed = host_seed(round),
		.look = look,
		.entries = entries,
		.max_pages = 3,
		.steps = STEPS,
		.check_every = 1 + entries / 40,
	};

	return pages_random(&what);
}

/* The fault is found with few entries and with many, with every seed. */
static void check_reported(const char *plant, unsigned int look,
			   const char *complaint)
{
	static const u32 entries[] = { 12, 700 };
	const char *report;
	unsigned int i;
	int round;

	for (round = 0; round < HOST_SEEDS; round++)
		for (i = 0; i < 2; i++) {
			report = run(round, look, entries[i]);
			ck_assert_msg(report, "%s went unseen, seed %llu, %u entries",
				      plant,
				      (unsigned long long)host_seed(round),
				      entries[i]);
			ck_assert_msg(!complaint || strstr(report, complaint),
				      "%s: expected \"%s\", got: %s", plant,
				      complaint, report);
		}
}

static void check_found(const char *plant, unsigned int look,
			const char *complaint)
{
	ck_assert_int_eq(set_param_plant(plant), 0);
	check_reported(plant, look, complaint);
}

static void check_found_2002(const char *defect, unsigned int look,
			     const char *complaint)
{
	ck_assert_int_eq(set_param_plant("none"), 0);
	ck_assert_int_eq(set_param_faithful(defect), 0);
	check_reported(defect, look, complaint);
}

/* The faults have the names by which all parts of the project call them. */
START_TEST(names)
{
	static const struct {
		const char *name;
		enum plant plant;
	} all[] = {
		{ "drop", PLANT_DROP },
		{ "twice", PLANT_TWICE },
		{ "mapcount", PLANT_MAPCOUNT },
		{ "enomem", PLANT_ENOMEM },
		{ "ignoreenomem", PLANT_IGNOREENOMEM },
		{ "staleslot", PLANT_STALESLOT },
		{ "halfshared", PLANT_HALFSHARED },
		{ "none", PLANT_NONE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		ck_assert_int_eq(set_param_plant(all[i].name), 0);
		ck_assert_int_eq(plant_now, all[i].plant);
	}
	ck_assert_int_eq(set_param_plant("no such fault"), -EINVAL);
	ck_assert_int_eq(plant_now, PLANT_NONE);
}
END_TEST

/* So have the defects of 2002; one that is not of this module is unknown. */
START_TEST(names_2002)
{
	char now[4096];

	ck_assert_int_eq(faithful_now, FAITHFUL_NONE);
	get_param_faithful(now);
	ck_assert_str_eq(now, "none\n");
	ck_assert_int_eq(set_param_faithful("lostbit"), 0);
	ck_assert_int_eq(faithful_now, FAITHFUL_LOSTBIT);
	ck_assert_int_eq(set_param_faithful("delfunc"), -EINVAL);
	ck_assert_int_eq(set_param_faithful("no such defect"), -EINVAL);
	ck_assert_int_eq(set_param_faithful(""), -EINVAL);
	get_param_faithful(now);
	ck_assert_str_eq(now, "lostbit\n");
	ck_assert_int_eq(set_param_faithful("none"), 0);
	ck_assert_int_eq(faithful_now, FAITHFUL_NONE);
}
END_TEST

/* Without a fault this build is as good as the other. */
START_TEST(none_is_clean)
{
	ck_assert_int_eq(set_param_plant("none"), 0);
	host_check_report(run(_i, LOOK_READER | LOOK_INSIDE, 12));
	host_check_report(run(_i, LOOK_READER | LOOK_INSIDE, 700));
	host_check_report(run(_i, LOOK_READER, 700));
}
END_TEST

/* A second slot for an entry breaks the invariants at once. */
START_TEST(twice_is_found)
{
	check_found("twice", LOOK_INSIDE, NULL);
}
END_TEST

/* The program reads the same descriptor in two slots. */
START_TEST(twice_is_read)
{
	check_found("twice", LOOK_READER, "read ");
}
END_TEST

/* A slot that stays after its entry was removed breaks the invariants. */
START_TEST(staleslot_is_found)
{
	check_found("staleslot", LOOK_INSIDE, NULL);
}
END_TEST

/* The program reads a descriptor that it has removed. */
START_TEST(staleslot_is_read)
{
	check_found("staleslot", LOOK_READER, "read ");
}
END_TEST

/* A slot that keeps the old mask breaks the invariants. */
START_TEST(lostbit_is_found)
{
	check_found_2002("lostbit", LOOK_INSIDE, NULL);
}
END_TEST

/* The program reads an old mask, or misses the bit of a new one. */
START_TEST(lostbit_is_read)
{
	check_found_2002("lostbit", LOOK_READER, "read ");
}
END_TEST

/* A switch that does not switch breaks the invariants. */
START_TEST(halfshared_is_found)
{
	check_found("halfshared", LOOK_INSIDE, NULL);
}
END_TEST

/* What the program is reading changes under its eyes. */
START_TEST(halfshared_is_read)
{
	check_found("halfshared", LOOK_READER, "handed out changed");
}
END_TEST

/* Some ways to break a buffer with 600 events pending, after a switch. */
/* Faults of the switch of the program's own (loop): who takes finds them. */
static const struct {
	const char *plant;
	const char *complaint;
} races[] = {
	{ "countfirst", "slot" },
	{ "baremerge", "changed in the reader's hands" },
	/* or the last slot is read twice, on its way into the hole */
	{ "bareremoval", "" },
};

START_TEST(races_are_found)
{
	struct share_figures none = { 0 };
	const char *report;
	int round;

	for (round = 0; round < HOST_SEEDS; round++) {
		ck_assert_int_eq(set_param_plant("none"), 0);
		host_check_report(share_steps(host_seed(round), 10000, &none));
		ck_assert_int_eq(set_param_plant(races[_i].plant), 0);
		report = share_steps(host_seed(round), 100000, &none);
		ck_assert_msg(report && strstr(report, races[_i].complaint),
			      "%s: expected \"%s\", got: %s", races[_i].plant,
			      races[_i].complaint, report ? report : "nothing");
	}
}
END_TEST

static void break_count(struct pages_model *m)
{
	m->p.count--;
}

static void break_version(struct pages_model *m)
{
	m->p.version++;
}

static void break_filling(struct pages_model *m)
{
	m->p.filling = 0;
}

static void break_next(struct pages_model *m)
{
	m->p.next++;
}

static void break_owner(struct pages_model *m)
{
	m->p.owner[10] = m->p.owner[11];
}

static void break_index(struct pages_model *m)
{
	m->entry[10].slot.index = 9;
}

static void break_where(struct pages_model *m)
{
	m->entry[10].slot.where++;
}

static void break_entry_version(struct pages_model *m)
{
	m->entry[599].slot.version--;
}

static void break_no_slot(struct pages_model *m)
{
	m->entry[601].slot.version = m->p.version;
}

static void break_entry_revents(struct pages_model *m)
{
	m->entry[513].slot.revents = 0;
}

static void break_record(struct pages_model *m)
{
	m->entry[601].slot.pfd.revents = 1;
}

static void break_slot(struct pages_model *m)
{
	m->p.half[1][1][87].events ^= 2;
}

static void break_handed_out(struct pages_model *m)
{
	m->p.half[0][1][511].revents ^= 1;
}

static void break_page_leak(struct pages_model *m)
{
	(void)m;
	shim_alloc.pages++;
}

static void break_array_leak(struct pages_model *m)
{
	(void)m;
	shim_alloc.arrays++;
}

static void (*const breaks[])(struct pages_model *m) = {
	break_count, break_version, break_filling, break_next, break_owner,
	break_index, break_where, break_entry_version, break_no_slot,
	break_entry_revents, break_record, break_slot, break_handed_out,
	break_page_leak, break_array_leak,
};

/* The check that the random tests rely on sees each kind of damage (loop). */
START_TEST(check_sees_damage)
{
	static struct pages_model m;
	u32 i;

	ck_assert_int_eq(set_param_plant("none"), 0);
	model_init(&m, LOOK_READER | LOOK_INSIDE, 700, 3);
	ck_assert(model_grow_begin(&m, 2, 0));
	model_grow_commit(&m);
	for (i = 0; i < 700; i++)
		model_add(&m, i, POLLIN | POLLOUT);
	for (i = 0; i < 20; i++)
		host_check(model_post(&m, i, POLLIN));
	ck_assert(model_switch(&m));
	for (i = 0; i < 600; i++)
		host_check(model_post(&m, i, POLLOUT));
	ck_assert_msg(model_check(&m), "%s", m.report);
	breaks[_i](&m);
	ck_assert(!model_check(&m));
	ck_assert_str_ne(m.report, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ep_plant");
	TCase *tc = tcase_create("plant");

	tcase_set_timeout(tc, 600);
	suite_add_tcase(suite, tc);
	tcase_add_test(tc, names);
	tcase_add_test(tc, names_2002);
	tcase_add_loop_test(tc, none_is_clean, 0, HOST_SEEDS);
	tcase_add_test(tc, twice_is_found);
	tcase_add_test(tc, twice_is_read);
	tcase_add_test(tc, staleslot_is_found);
	tcase_add_test(tc, staleslot_is_read);
	tcase_add_test(tc, lostbit_is_found);
	tcase_add_test(tc, lostbit_is_read);
	tcase_add_test(tc, halfshared_is_found);
	tcase_add_test(tc, halfshared_is_read);
	tcase_add_loop_test(tc, races_are_found, 0, ARRAY_SIZE(races));
	tcase_add_loop_test(tc, check_sees_damage, 0, ARRAY_SIZE(breaks));
	return host_run(suite);
}
