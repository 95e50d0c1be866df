// The one place of this folder that knows where Catch2 is.
#pragma once

#include <catch2/catch.hpp>
