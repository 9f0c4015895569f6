// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Tasks that sleep and will never come back: each of them waits for a lock of the kernel's whose owner waits, too.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/fanotify.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "tasks.h"

static int file, udp, pipes[2];

static void write_missing(void)
{
	if (write(file, missing_page().page, PAGE) < 0)
		err(1, "write");
}

static void write_byte(void)
{
	if (pwrite(file, "b", 1, 0) != 1)
		err(1, "write");
}

/* The holder has inode->i_rwsem. */
static pid_t hold_inode(const char *path)
{
	pid_t holder;

	file = file_of(path);
	holder = start("holder", write_missing);
	await_state(holder, "SD", "userfault");
	return holder;
}

static pid_t wait_for_inode(void)
{
	pid_t waiter = start("waiter", write_byte);

	await_blocked(waiter);
	return waiter;
}

static void rwsem(void)
{
	hold_inode("/tmp/file");
	wait_for_inode();
}

static void killed(void)
{
	hold_inode("/tmp/file");
	kill(wait_for_inode(), SIGKILL);
}

static void read_missing(void)
{
	if (read(file, missing_page().page, PAGE) < 0)
		err(1, "read");
}

static void read_some(void)
{
	char some[PAGE];

	if (read(file, some, PAGE) < 0)
		err(1, "read");
}

/* file->f_pos_lock, of a file that both have open. */
static void mutex(void)
{
	file = file_of("/tmp/file");
	lseek(file, 0, SEEK_SET);
	await_state(start("holder", read_missing), "SD", "userfault");
	await_blocked(start("waiter", read_some));
}

static void list_missing(void)
{
	syscall(SYS_getdents64, file, missing_page().page, PAGE);
}

static void create_entry(void)
{
	file_of("/tmp/listed/new");
}

static void move_entry(void)
{
	rename("/tmp/listed/entry", "/tmp/entry");
}

/* A directory's inode->i_rwsem: one reads it, one waits to write it, and one behind has taken other locks before. */
static void directory(void)
{
	mkdir("/tmp/listed", 0755);
	close(file_of("/tmp/listed/entry"));
	file = open("/tmp/listed", O_RDONLY | O_DIRECTORY);
	if (file < 0)
		err(1, "/tmp/listed");
	await_state(start("lister", list_missing), "SD", "userfault");
	await_blocked(start("creator", create_entry));
	await_blocked(start("mover", move_entry));
}

static void pread_missing(void)
{
	if (pread(file, missing_page().page, PAGE, 0) < 0)
		err(1, "pread");
}

static void pread_some(void)
{
	char some[PAGE];

	if (pread(file, some, PAGE, 0) < 0)
		err(1, "pread");
}

/* seq_file->lock */
static void seq(void)
{
	file = open("/proc/filesystems", O_RDONLY);
	if (file < 0)
		err(1, "/proc/filesystems");
	await_state(start("holder", pread_missing), "SD", "userfault");
	await_blocked(start("waiter", pread_some));
}

static void pipe_missing(void)
{
	if (write(pipes[1], missing_page().page, PAGE) < 0)
		err(1, "write");
}

static void pipe_read(void)
{
	char some[PAGE];

	if (read(pipes[0], some, PAGE) < 0)
		err(1, "read");
}

/* pipe->mutex */
static void pipe_mutex(void)
{
	if (pipe(pipes))
		err(1, "pipe");
	await_state(start("holder", pipe_missing), "SD", "userfault");
	await_blocked(start("waiter", pipe_read));
}

/* The first word is read before the lock is taken, and lies in the page that is there. */
static void join_missing(void)
{
	struct missing missing = missing_page();

	setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_ADD_MEMBERSHIP, missing.page - 4,
		   sizeof(struct ip_mreqn));
}

static void set_flags(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING };

	ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &request);
}

/* rtnl_mutex */
static void rtnl(void)
{
	await_state(start("holder", join_missing), "SD", "userfault");
	await_blocked(start("waiter", set_flags));
}

static void leave_a_namespace(void)
{
	if (unshare(CLONE_NEWNET))
		err(1, "unshare");
}

/* What is left of a network namespace is given back by a work item, which takes rtnl_mutex. */
static void netns(void)
{
	pid_t leaver = start("leaver", leave_a_namespace);

	await_exit(leaver);
	await_state(start("holder", join_missing), "SD", "userfault");
	await_blocked(start("waiter", leave_a_namespace));
}

static void send_missing(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = { htonl(INADDR_LOOPBACK) } };

	if (sendto(udp, missing_page().page, PAGE, MSG_MORE, (void *)&to, sizeof(to)) < 0)
		err(1, "sendto");
}

static void join(void)
{
	struct ip_mreqn group = { .imr_multiaddr = { inet_addr("224.0.0.251") }, .imr_ifindex = 1 };

	if (setsockopt(udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)))
		err(1, "IP_ADD_MEMBERSHIP");
}

/* One has the socket, the next rtnl_mutex and waits for the socket, the last waits for rtnl_mutex. */
static void three_sockets(void)
{
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	await_state(start("holder", send_missing), "SD", "userfault");
	await_blocked(start("middle", join));
	await_blocked(start("waiter", set_flags));
}

static void unlink_file(void)
{
	unlink("/tmp/folder/file");
}

static void create_file(void)
{
	close(open("/tmp/folder/other", O_CREAT | O_RDWR, 0600));
}

/* One has the file's inode, the next the folder's and waits for the file's, the last waits for the folder's. */
static void three_inodes(void)
{
	mkdir("/tmp/folder", 0755);
	hold_inode("/tmp/folder/file");
	await_blocked(start("middle", unlink_file));
	await_blocked(start("waiter", create_file));
}

static void vfork_and_write(void)
{
	if (!vfork()) {
		prctl(PR_SET_NAME, "waiter");
		write_byte();
		_exit(0);
	}
}

/* A parent sleeps until its child is gone, which waits for the inode. */
static void vfork_behind(void)
{
	hold_inode("/tmp/file");
	await_blocked(start("parent", vfork_and_write));
}

static volatile pid_t thread_id;

static void *write_in_thread(void *unused)
{
	thread_id = gettid();
	prctl(PR_SET_NAME, "waiter");
	write_byte();
	return unused;
}

static void exec_with_thread(void)
{
	char *argv[] = { "/proc/self/exe", NULL };
	pthread_t thread;

	if (pthread_create(&thread, NULL, write_in_thread, NULL))
		errx(1, "pthread_create");
	while (!thread_id)
		sched_yield();
	await_blocked(thread_id);
	execv(argv[0], argv);
}

/* An exec sleeps until the other threads are gone, one of which waits for the inode. */
static void exec_behind(void)
{
	hold_inode("/tmp/file");
	await_blocked(start("executor", exec_with_thread));
}

static void *be_traced(void *unused)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		err(1, "PTRACE_TRACEME");
	return unused;
}

static void exec_while_traced(void)
{
	char *argv[] = { "/proc/self/exe", NULL };
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, 0);
	if (pthread_create(&thread, NULL, be_traced, NULL) || pthread_join(thread, NULL))
		errx(1, "pthread_create");
	execv(argv[0], argv);
}

static pid_t traced;

static void trace_the_executor(void)
{
	traced = start("executor", exec_while_traced);
	await_blocked(traced);
	ptrace(PTRACE_ATTACH, traced, 0, 0);
}

/*
 * An exec has cred_guard_mutex and waits until the tracer has seen the end of its thread; the tracer waits for that mutex
 * to attach (tools/testing/selftests/ptrace/vmaccess.c).
 */
static void exec_and_tracer(void)
{
	await_state(start("tracer", trace_the_executor), "SD", "ptrace");
}

/* Who is to say whether a file may be opened opens it. */
static void fanotify_self(void)
{
	int group;

	file = file_of("/tmp/file");
	group = fanotify_init(FAN_CLASS_CONTENT, O_RDONLY);
	if (group < 0 || fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, "/tmp/file"))
		err(1, "fanotify");
	if (!fork()) {
		pid_t parent = getppid();

		await_state(parent, "D", "fanotify");
		tell(READY);
		pause_for_ever();
	}
	open("/tmp/file", O_RDONLY);
}

struct promise {
	int file;
	struct missing page;
	struct promise *next;
	volatile int waits;
};

/* Holds its own file, wants a page that the next one brings once it has written to its own. */
static void *keep_promise(void *argument)
{
	struct promise *promise = argument;

	prctl(PR_SET_NAME, "promise");
	if (pwrite(promise->file, promise->page.page, PAGE, 0) != PAGE)
		err(1, "write");
	bring(&promise->next->page);
	return NULL;
}

/* Three tasks: the first waits for a page of the second's, the second for one of the third's, who waits for the first's file. */
static void three_promises(void)
{
	struct promise promises[2];
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/tmp/file%d", i);
		promises[i] = (struct promise){ .file = file_of(path), .page = missing_page() };
	}
	promises[0].next = promises[1].next = &promises[0];
	for (int i = 0; i < 2; i++) {
		struct pollfd fault = { .fd = promises[i].page.uffd, .events = POLLIN };

		if (pthread_create(&thread, NULL, keep_promise, &promises[i]) || poll(&fault, 1, -1) != 1)
			err(1, "pthread_create");
	}
	if (!fork()) {
		await_blocked(getppid());
		tell(READY);
		pause_for_ever();
	}
	pwrite(promises[0].file, "c", 1, 0);
	bring(&promises[1].page);
}

/* Others wait for it. */
static void inode_only(void)
{
	hold_inode("/tmp/file");
}

/* The process itself waits, which can then not be killed. */
static void main_waits(void)
{
	hold_inode("/tmp/file");
	if (!fork()) {
		await_blocked(getppid());
		tell(READY);
		pause_for_ever();
	}
	write_byte();
}

static const struct test tests[] = {
	{ "rwsem", rwsem, false },
	{ "killed", killed, false },
	{ "mutex", mutex, false },
	{ "directory", directory, false },
	{ "seq-file", seq, false },
	{ "pipe-mutex", pipe_mutex, false },
	{ "rtnl", rtnl, false },
	{ "netns-work", netns, false },
	{ "three-sockets", three_sockets, false },
	{ "three-inodes", three_inodes, false },
	{ "three-promises", three_promises, false },
	{ "vfork-behind", vfork_behind, false },
	{ "exec-behind", exec_behind, false },
	{ "exec-and-tracer", exec_and_tracer, false },
	{ "fanotify-self", fanotify_self, false },
	{ "inode-only", inode_only, false },
	{ "main-waits", main_waits, false },
};

int main(int argc, char **argv)
{
	/* After an exec that was not to succeed. */
	if (argc != 2)
		return 3;
	return run_named(tests, sizeof(tests) / sizeof(*tests), argv[1]);
}
