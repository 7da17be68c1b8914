/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qemu_plugin.h - what the lens uses of QEMU's plugin interface
 *
 * No package brings a header for it.  These declarations were written down from
 * the manual ("QEMU TCG Plugins"); the functions are the emulator's own, and are
 * found when it loads the plugin.
 *
 * The interface has a number: 1 in QEMU 7.2, 4 in QEMU 10.  What is used here is
 * the same in all of them but for qemu_plugin_insn_data(), see LENS_DATA_COPIED.
 */
#ifndef LENS_QEMU_PLUGIN_H
#define LENS_QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LENS_EXPORT __attribute__((visibility("default")))

/* From this number on qemu_plugin_insn_data() copies an instruction's bytes to where
 * the caller says (it is qemu_plugin_insn_copy() here); before, it returns where they
 * are. */
#define LENS_DATA_COPIED 3

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

/**
 * struct qemu_info - what a plugin is told of the emulator
 * @target_name: the architecture
 * @version: the numbers of the interface that it knows
 * @system_emulation: a whole machine, not one program
 * @smp_vcpus: CPUs that it begins with
 * @max_vcpus: CPUs that it may have
 */
struct qemu_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	bool system_emulation;
	int smp_vcpus;
	int max_vcpus;
};

enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_MEM_RW = 3 };

/* What a plugin exports. */
extern LENS_EXPORT int qemu_plugin_version;
LENS_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
				    int argc, char **argv);

/* What it is called for. */
typedef void (*qemu_plugin_udata_cb_t)(qemu_plugin_id_t id, void *userdata);
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu, void *userdata);
typedef void (*qemu_plugin_vcpu_mem_cb_t)(unsigned int vcpu, qemu_plugin_meminfo_t info,
					  uint64_t vaddr, void *userdata);

void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb,
				    void *userdata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   qemu_plugin_vcpu_tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb, int flags,
					    void *userdata);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      qemu_plugin_vcpu_mem_cb_t cb, int flags, int rw,
				      void *userdata);

/* While a block is translated. */
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_copy(const struct qemu_plugin_insn *insn, void *to, size_t room)
	__asm__("qemu_plugin_insn_data");
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);

/* While memory is accessed. */
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *hwaddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *hwaddr);

#endif /* LENS_QEMU_PLUGIN_H */
