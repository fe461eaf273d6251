#include "plugin/daemon_figures.hpp"

#include <boost/asio/co_spawn.hpp>

namespace two_path {
namespace {

awaitable<control::NetworkFigures> look(const control::HttpsServer& https, const ftp::Server& ftp) {
    control::NetworkFigures figures;
    figures.answers = https.answers();
    figures.https_connections = https.connections();
    figures.ftp_connections = ftp.connections();
    figures.ftp_listens = ftp.listens();
    co_return figures;
}

awaitable<control::NetworkFigures> ask(boost::asio::any_io_executor network,
                                       const control::HttpsServer& https, const ftp::Server& ftp) {
    auto looking = look(https, ftp);
    co_return co_await boost::asio::co_spawn(network, std::move(looking), boost::asio::use_awaitable);
}

} // namespace

std::function<awaitable<control::NetworkFigures>()>
network_figures(const Executors& executors, const control::HttpsServer& https, const ftp::Server& ftp) {
    return [network = executors.network, &https, &ftp] { return ask(network, https, ftp); };
}

} // namespace two_path
