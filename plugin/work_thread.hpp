/// One thread with a queue of work, which ends when the work does.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <thread>

namespace two_path {

/// What its executor is given runs on its thread, one piece after the other. An exception that leaves such a
/// piece ends the program: the state of the work is unknown then.
class WorkThread {
  public:
    WorkThread();
    WorkThread(const WorkThread&) = delete;
    WorkThread& operator=(const WorkThread&) = delete;
    /// Drops what has not begun, and waits for what is running.
    ~WorkThread();

    [[nodiscard]] boost::asio::io_context::executor_type executor() noexcept;
    /// Lets the thread end when all its work is done, and then calls `ended`, on that thread. Once.
    void finish(std::function<void()> ended);
    /// Waits until `ended` has returned: what it handed on may be destroyed then. After finish().
    void join();

  private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    std::function<void()> ended_;
    std::thread thread_;
};

} // namespace two_path
