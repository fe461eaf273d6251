/// Sends an answer's body that is made while it is sent, for as long as the client stays.
#pragma once

#include "plugin/control/https_stream.hpp"
#include "plugin/executors.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace two_path::control {

/// Of one connection. Used on the network's executor; what makes the body runs on the worker.
class StreamSender {
  public:
    /// `stream` must outlive it.
    StreamSender(Executors executors, HttpsStream& stream);

    /// Returns when the body ends or the client takes no more; false for the latter. `owner` keeps sender and
    /// stream alive.
    awaitable<bool> send(std::shared_ptr<BodyStream> body, std::shared_ptr<void> owner);
    /// What is sent, now or later, comes to its end soon.
    void end();

  private:
    void departed(bool left);
    void close_body();

    Executors executors_;
    HttpsStream& stream_;
    std::shared_ptr<BodyStream> body_; ///< none when nothing is sent, or it was told to end
    boost::asio::steady_timer departure_;
    bool watched_{false}; ///< whether the client leaves
    bool ended_{false};
};

} // namespace two_path::control
