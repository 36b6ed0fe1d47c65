// The way between a part and the server, with faults: calls that are slow, that never arrive, whose answer is lost; another hand that
// writes first; watches that are late or end. Loop thread only.
#pragma once

#include <memory>

#include "app/cluster.h"
#include "client/client.h"
#include "faults.h"

namespace stint::sim {

std::unique_ptr<Client> make_faulty_client(Part part, std::unique_ptr<Client> inner, Faults& faults);
std::string_view part_name(Part part);

}  // namespace stint::sim
