// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plugin of QEMU (docs/devel/tcg-plugins.rst): the CPUs of a guest go on together, so that four of
 * them get as far beside each other as four of a machine, on a machine that has fewer or is busy.
 *
 * The clock of a CPU goes on by one with each of its instructions. A CPU waits if it is further
 * than another by more than a step. A CPU that sleeps (HLT) is waited for by none, and its clock is
 * set to the time when it wakes. The time is the furthest clock: instructions with which a CPU
 * waits for a spinlock take time, as they do on a machine, and there is no time while all sleep.
 *
 * Ticks come by the clock of this machine, the more often for each instruction the busier it is, so
 * the clock of a CPU stands still while it handles its timer.
 *
 * -plugin lockstep.so,counts=FILE: FILE has struct lockstep_counts. A program in the guest or
 * outside writes the step and the addresses there, and reads the rest.
 *
 * Locking: meeting covers all but @ahead, @limit and @ticking of a CPU, which are its thread's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugin-map.h"
#include "qemu-plugin.h"

#define CPUS_MAX	8
/* Instructions between two meetings. */
#define BATCH		500
/*
 * Nanoseconds after which a CPU that waits for others goes on by one block. Where one of them
 * needs all others out of the guest's code (cmpxchg16b), it waits for this one.
 */
#define WAIT_MAX	200000

/* QEMU 9 and later want 2 at least. */
int qemu_plugin_version = PLUGIN_API;

/**
 * struct lockstep_counts - what the file has
 * @step: how far a CPU may be ahead of another; 0: as far as it gets
 * @enter: where the handling of the timer begins
 * @leave: where it ends
 * @time: the furthest clock
 * @done: instructions of each CPU
 */
struct lockstep_counts {
	__u64 step;
	__u64 enter;
	__u64 leave;
	__u64 time;
	__u64 done[CPUS_MAX];
};

/**
 * struct lockstep_code - a block of instructions
 * @address: where it begins
 * @count: how many there are
 */
struct lockstep_code {
	__u64 address;
	__u64 count;
};

/**
 * struct lockstep_cpu - a CPU of the guest
 * @ahead: instructions since the last meeting
 * @limit: @ahead at which the next one is
 * @clock: how far it is
 * @awake: it executes instructions
 * @ticking: it handles its timer
 * @room: keeps CPUs out of each other's cache lines
 */
struct lockstep_cpu {
	__u64 ahead;
	__u64 limit;
	__u64 clock;
	bool awake;
	bool ticking;
	char room[64];
};

static struct lockstep_cpu cpus[CPUS_MAX];
static struct lockstep_counts *counts;
static pthread_mutex_t meeting = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved;

/* The clock of the CPU that is last of those awake. */
static __u64 lockstep_last(void)
{
	__u64 last = ~0ULL;
	int i;

	for (i = 0; i < CPUS_MAX; i++)
		if (cpus[i].awake && cpus[i].clock < last)
			last = cpus[i].clock;
	return last;
}

/* Bring the clock of a CPU up to date. */
static void lockstep_count(unsigned int index)
{
	struct lockstep_cpu *cpu = &cpus[index];

	if (!cpu->awake && cpu->clock < counts->time)
		cpu->clock = counts->time;
	cpu->awake = true;
	cpu->clock += cpu->ahead;
	counts->done[index] += cpu->ahead;
	cpu->ahead = 0;
	if (counts->time < cpu->clock)
		counts->time = cpu->clock;
}

/* Others have to come nearer before a CPU goes on. */
static bool lockstep_is_far(const struct lockstep_cpu *cpu)
{
	__u64 step = __atomic_load_n(&counts->step, __ATOMIC_RELAXED);

	return step && cpu->clock > lockstep_last() + step;
}

static void lockstep_meet(unsigned int index)
{
	struct lockstep_cpu *cpu = &cpus[index];
	struct timespec end;
	__u64 before;

	pthread_mutex_lock(&meeting);
	before = lockstep_last();
	lockstep_count(index);
	if (lockstep_last() != before)
		pthread_cond_broadcast(&moved);

	cpu->limit = BATCH;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += WAIT_MAX;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	while (lockstep_is_far(cpu)) {
		if (pthread_cond_timedwait(&moved, &meeting, &end) == ETIMEDOUT) {
			cpu->limit = 0;
			break;
		}
	}
	pthread_mutex_unlock(&meeting);
}

static void lockstep_block(unsigned int index, void *data)
{
	struct lockstep_cpu *cpu = &cpus[index % CPUS_MAX];
	const struct lockstep_code *code = data;

	if (code->address == __atomic_load_n(&counts->enter, __ATOMIC_RELAXED))
		cpu->ticking = true;
	else if (code->address == __atomic_load_n(&counts->leave, __ATOMIC_RELAXED))
		cpu->ticking = false;
	if (cpu->ticking)
		return;
	cpu->ahead += code->count;
	if (cpu->ahead >= cpu->limit)
		lockstep_meet(index % CPUS_MAX);
}

static void lockstep_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	/* QEMU does not tell when it forgets a block. */
	struct lockstep_code *code = malloc(sizeof(*code));

	(void)id;
	if (!code)
		abort();
	code->address = qemu_plugin_tb_vaddr(tb);
	code->count = qemu_plugin_tb_n_insns(tb);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, lockstep_block, 0, code);
}

static void lockstep_sleep(qemu_plugin_id_t id, unsigned int index)
{
	(void)id;
	index %= CPUS_MAX;
	pthread_mutex_lock(&meeting);
	lockstep_count(index);
	cpus[index].awake = false;
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&meeting);
}

static void lockstep_wake(qemu_plugin_id_t id, unsigned int index)
{
	(void)id;
	pthread_mutex_lock(&meeting);
	lockstep_count(index % CPUS_MAX);
	pthread_mutex_unlock(&meeting);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	pthread_condattr_t attr;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "counts=", 7)) {
		fprintf(stderr, "lockstep: give counts=FILE\n");
		return -1;
	}
	counts = plugin_map(argv[0] + 7, sizeof(*counts));
	if (!counts)
		return -1;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&moved, &attr);
	qemu_plugin_register_vcpu_tb_trans_cb(id, lockstep_translate);
	qemu_plugin_register_vcpu_idle_cb(id, lockstep_sleep);
	qemu_plugin_register_vcpu_resume_cb(id, lockstep_wake);
	return 0;
}
