/*
 * Put a pattern into vector registers, go through the kernel, and look whether it is still there: six threads for ten
 * seconds, through system calls, sleeps, signals whose handlers use the same registers, forks and vforks; and a child's
 * under ptrace, read and written. Prints how often, and how often it was not; ends with 1 if it ever was not.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 10
#define THREADS 6
#define TRACED 20
#define FIRST 0x1111UL
#define SECOND 0x4242UL
#define XMM5 (160 + 5 * 16) /* in an XSAVE area */

static volatile int wrong;

/* Do a system call with a pattern in three registers, and count what is another one afterwards. */
static long through(long number, long a, long b, long c, unsigned long pattern)
{
	unsigned long in[4] = { pattern, ~pattern, pattern * 3, pattern * 7 }, out[12];
	long result;

	__asm__ volatile("vmovdqu (%[in]), %%ymm0\n vmovdqu (%[in]), %%ymm5\n vmovdqu (%[in]), %%ymm15\n"
			 "syscall\n"
			 "vmovdqu %%ymm0, (%[out])\n vmovdqu %%ymm5, 32(%[out])\n vmovdqu %%ymm15, 64(%[out])\n"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), [in] "b"(in), [out] "r"(out)
			 : "rcx", "r11", "memory", "xmm0", "xmm5", "xmm15");
	for (int i = 0; i < 12; i++)
		wrong += out[i] != in[i % 4];
	return result;
}

static void handler(int signal)
{
	through(SYS_getppid, 0, 0, 0, 0xdeadbeef00UL + signal);
}

static void await(pid_t child)
{
	int status;

	waitpid(child, &status, 0);
	wrong += status != 0;
}

static void *thread(void *number)
{
	unsigned long mine = (unsigned long)number << 32, n = 0;
	struct timespec moment = { 0, 20000 };
	pid_t tid = syscall(SYS_gettid), pid = getpid(), child;

	for (time_t end = time(0) + SECONDS; time(0) < end; n++) {
		through(SYS_getppid, 0, 0, 0, mine + n);
		through(SYS_sched_yield, 0, 0, 0, mine + n);
		if (n % 2 == 0)
			through(SYS_tgkill, pid, tid, SIGUSR1, mine + n);
		if (n % 3 == 0)
			through(SYS_nanosleep, (long)&moment, 0, 0, mine + n);
		if (n % 50 == 0) {
			child = through(SYS_fork, 0, 0, 0, mine + n);
			if (!child)
				_exit(wrong != 0);
			await(child);
		}
		if (n % 200 == 0) {
			child = vfork();
			if (!child) {
				execl("/bin/true", "true", (char *)0);
				_exit(1);
			}
			await(child);
		}
	}
	return (void *)n;
}

/* Stop itself with one pattern, and end well if the other is there afterwards. */
static void traced_child(void)
{
	unsigned long in[4] = { FIRST, ~FIRST }, out[4];
	long result;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	__asm__ volatile("vmovdqu (%[in]), %%ymm5\n syscall\n vmovdqu %%ymm5, (%[out])\n"
			 : "=a"(result)
			 : "a"((long)SYS_kill), "D"((long)getpid()), "S"((long)SIGSTOP), [in] "b"(in), [out] "r"(out)
			 : "rcx", "r11", "memory", "xmm5");
	_exit(out[0] != SECOND);
}

static void trace(void)
{
	static char area[16384];
	struct iovec whole = { area, sizeof(area) };
	struct user_fpregs_struct registers;
	unsigned long *fifth = (unsigned long *)&registers.xmm_space[5 * 4];
	int status;
	pid_t child = fork();

	if (!child)
		traced_child();
	waitpid(child, &status, 0);
	wrong += ptrace(PTRACE_GETFPREGS, child, 0, &registers) || fifth[0] != FIRST || fifth[1] != ~FIRST;
	fifth[0] = SECOND;
	wrong += ptrace(PTRACE_SETFPREGS, child, 0, &registers) != 0;
	wrong += ptrace(PTRACE_GETREGSET, child, NT_X86_XSTATE, &whole) || *(unsigned long *)(area + XMM5) != SECOND;
	ptrace(PTRACE_CONT, child, 0, 0);
	await(child);
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	pthread_t threads[THREADS];
	unsigned long rounds = 0;
	void *result;

	sigaction(SIGUSR1, &action, 0);
	for (int i = 0; i < TRACED; i++)
		trace();
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], 0, thread, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		rounds += (unsigned long)result;
	}
	printf("%d children traced, %lu rounds: %d times wrong\n", TRACED, rounds, wrong);
	return wrong != 0;
}
