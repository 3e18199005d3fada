#include "platform/abort_notifier.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <new>
#include <utility>

#include "platform/crash_place.h"
#include "platform/standard_output.h"

namespace coffees::platform::abort_notifier {
namespace {

constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
constexpr std::array kTerminating{SIGHUP,    SIGINT,  SIGQUIT,   SIGUSR1, SIGUSR2, SIGALRM, SIGTERM,
                                  SIGSTKFLT, SIGXCPU, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR};
constexpr std::array kHarmless{SIGPIPE, SIGXFSZ};

// A stack of its own for the handler: the main one may be what has run out. Pages cost memory when used.
alignas(16) std::array<char, 64 * 1024> signal_stack;

int notice_channel = -1;
std::string_view notice_message;
Notice* notice = nullptr;
bool namespace_is_ours = false;
volatile pid_t own_pid = 0;  ///< 0: between two processes
bool installed = false;
volatile std::sig_atomic_t allocation_failed = 0;
std::atomic<pid_t> dying{0};  ///< the thread that has begun to send the notice
static_assert(std::atomic<pid_t>::is_always_lock_free);

// operator new gives up after this returns without having freed anything (C++ standard, [new.delete.single]).
void note_failed_allocation() {
  allocation_failed = 1;
  std::set_new_handler(nullptr);
}

struct Registers {
  std::uintptr_t pc = 0;
  std::uintptr_t return_address = 0;  ///< right after a call; anything else later
};

Registers registers_of(const void* context) {
  const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  const auto pc = static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
  // Only of use, and the stack only to be trusted, where the code jumped to what is no code.
  const auto* top = reinterpret_cast<const std::uintptr_t*>(machine.gregs[REG_RSP]);
  return {pc, pc < 4096 ? *top : 0};
#elif defined(__aarch64__)
  return {machine.pc, machine.regs[30]};
#endif
}

void set_default(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
}

// Whether this is where abort() arrives when SIGABRT does not end the process: as PID 1 it does not once a
// handler library has given it back to the kernel. It then executes what faults on purpose: hlt, or brk #1000
// (glibc's abort-instr.h).
bool is_end_of_abort(int signal, const siginfo_t& information, std::uintptr_t pc) {
#if defined(__x86_64__)
  // A jump to an impossible address may fail at its target, which cannot be read.
  const bool readable = information.si_code == SI_KERNEL && pc >> 47 == 0;
  return signal == SIGSEGV && readable && *reinterpret_cast<const std::uint8_t*>(pc) == 0xf4;
#elif defined(__aarch64__)
  const bool readable = information.si_code == TRAP_BRKPT;
  return signal == SIGTRAP && readable && *reinterpret_cast<const std::uint32_t*>(pc) == 0xd4207d00;
#endif
}

bool is_child_of_handler() { return own_pid != 0 && ::getpid() != own_pid; }

bool is_from_kernel(const siginfo_t& information) { return information.si_code > 0; }

// The default action, for processes other than the worker itself: they are not PID 1.
void act_by_default(int signal) {
  set_default(signal);
  ::kill(::getpid(), signal);
}

// Not by _exit(3): AddressSanitizer looks for the limits of the stack before each call that does not return,
// and does not find this one's.
void end(int status) {
  while (true) ::syscall(SYS_exit_group, status);
}

// Only async-signal-safe calls from here on (signal-safety(7)), but for what crash_place.h says.
void say(int signal, const siginfo_t& information, const void* context) {
  standard_output::rescue_half_line();
  if (notice_channel < 0 || notice == nullptr) return;
  notice->signal = signal;
  notice->out_of_memory = signal == SIGABRT && allocation_failed != 0 ? 1 : 0;
  const bool fault = is_from_kernel(information) && signal != SIGABRT;
  // SI_KERNEL: the processor does not say which address it was (sigaction(2)).
  if (fault && (signal == SIGSEGV || signal == SIGBUS) && information.si_code != SI_KERNEL) {
    notice->has_address = 1;
    notice->address = reinterpret_cast<std::uintptr_t>(information.si_addr);
  }
  if (fault && context != nullptr) {
    const Registers registers = registers_of(context);
    crash_place::describe(registers.pc, registers.return_address, notice->place);
  }
  ::send(notice_channel, notice_message.data(), notice_message.size(), MSG_NOSIGNAL);
}

// Whether this process, or one that it may have to do with, is the sender. Outside of the namespace has no
// number inside: si_pid is 0 (pid_namespaces(7)). Timers carry their id in its place.
bool is_ours(int signal, const siginfo_t& information) {
  if (information.si_code == SI_TIMER || information.si_code == SI_ASYNCIO || information.si_code == SI_MESGQ)
    return true;
  if (is_from_kernel(information))
    return signal == SIGALRM || signal == SIGVTALRM || signal == SIGPROF || signal == SIGXCPU ||
           signal == SIGIO;
  if (namespace_is_ours) return information.si_pid != 0;
  // Without a namespace: this process, or one of its process group, which it leads.
  return information.si_pid == own_pid ||
         (information.si_pid > 0 && ::getpgid(information.si_pid) == own_pid);
}

void on_fault(int signal, siginfo_t* information, void* context) {
  if (is_child_of_handler()) {
    act_by_default(signal);
    return;
  }
  if (!is_from_kernel(*information) && !is_ours(signal, *information)) return;
  if (is_end_of_abort(signal, *information, registers_of(context).pc)) signal = SIGABRT;
  pid_t claimed_by = 0;
  if (dying.compare_exchange_strong(claimed_by, ::gettid())) {
    say(signal, *information, context);
  } else if (claimed_by != ::gettid()) {
    // Another thread was first, and ends the process as soon as it has said so.
    while (true) ::pause();
  }
  // A fault in this handler itself is left to the kernel.
  // A fault happens again as soon as this returns, and then ends the process with its own signal, also as PID
  // 1. The others would not.
  const bool repeats =
      is_from_kernel(*information) && signal != SIGABRT && signal != SIGTRAP && signal != SIGSYS;
  if (!repeats) end(exit_status(signal));
  set_default(signal);
}

void on_terminating(int signal, siginfo_t* information, void*) {
  if (is_child_of_handler()) {
    act_by_default(signal);
    return;
  }
  const bool ours = is_ours(signal, *information);
  if (!ours && signal == SIGRTMAX) {
    standard_output::rescue_half_line();
    end(exit_status(SIGKILL));
  }
  if (!ours) return;
  say(signal, *information, nullptr);
  end(exit_status(signal));
}

void do_nothing(int) {}

void handle(int signal, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  ::sigaction(signal, &action, nullptr);
}

template <typename Action>
void for_each_terminating(Action action) {
  for (const int signal : kTerminating) action(signal);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) action(signal);
}

}  // namespace

void forget_process() { own_pid = 0; }
void note_process() { own_pid = ::getpid(); }

int end_now_signal() { return SIGRTMAX; }

void notify_on_death(int channel, std::string_view message, Notice& in_message, bool in_pid_namespace) {
  notice_channel = channel;
  notice_message = message;
  notice = &in_message;
  namespace_is_ours = in_pid_namespace;
  own_pid = ::getpid();
  if (std::exchange(installed, true)) return;
  const stack_t stack{.ss_sp = signal_stack.data(), .ss_flags = 0, .ss_size = signal_stack.size()};
  ::sigaltstack(&stack, nullptr);
  for (const int signal : kFaults) handle(signal, on_fault, SA_ONSTACK);
  for_each_terminating([](int signal) { handle(signal, on_terminating, SA_RESTART); });
  struct sigaction action {};
  action.sa_handler = do_nothing;  // not SIG_IGN: programs that are executed would inherit that (execve(2))
  action.sa_flags = SA_RESTART;
  for (const int signal : kHarmless) ::sigaction(signal, &action, nullptr);
}

void renew() {
  allocation_failed = 0;
  std::set_new_handler(note_failed_allocation);
}

}  // namespace coffees::platform::abort_notifier
