// swift-tools-version: 6.2

import PackageDescription

// One target per layer of the house; every arrow points down. The README draws the same picture.

let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = [], fixtures: Bool = false) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
        resources: fixtures ? [.copy("Fixtures")] : [], swiftSettings: house)
}

let package = Package(
    name: "laurel",
    products: [.executable(name: "laurel", targets: ["laurel"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries: module maps only.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-pthread-dev"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .target(name: "CKernels"),

        // Words that everything above shares.
        layer("Errors"),
        layer("Documents", ["Errors", "COpenSSL"]),
        layer("Money", ["Errors"]),
        layer("Plots"),

        // Machines.
        layer("Numerics", ["Errors", "COpenBLAS", "COneDNN", "CKernels"]),
        layer("Images", ["Errors", "Documents", "CPNG"]),
        layer("Postgres", ["Errors", "Documents", "CLibPQ"]),
        .target(
            name: "Schema", path: "Schema", exclude: ["README.md"], resources: [.copy("migrations"), .copy("objects")],
            swiftSettings: house),
        .target(
            name: "Reports", path: "Reports", exclude: ["README.md", "samples"], resources: [.copy("templates")],
            swiftSettings: house),

        // Science.
        .target(
            name: "Valuation", dependencies: ["Errors", "Documents", "Numerics"], exclude: ["README.md"],
            swiftSettings: house),
        .target(
            name: "Properties", dependencies: ["Errors", "Documents", "Numerics", "Images"], exclude: ["README.md"],
            swiftSettings: house),
        .target(
            name: "Diffusion",
            dependencies: ["Errors", "Documents", "Numerics", "Images", .product(name: "Yams", package: "Yams")],
            exclude: ["README.md"], swiftSettings: house),

        // Books.
        layer("Registry", ["Errors", "Documents", "Images", "Postgres"]),
        layer(
            "Credit", ["Errors", "Documents", "Images", "Postgres", "Numerics", "Valuation", "Properties", "Diffusion"]),
        layer("Ledger", ["Errors", "Documents", "Money", "Postgres"]),
        layer(
            "Statements",
            [
                "Errors", "Documents", "Money", "Postgres", "Reports", "COpenSSL", "CZlib",
                .product(name: "Mustache", package: "swift-mustache"),
            ]),

        // What a person asks for, and how they ask.
        layer(
            "Monthly",
            [
                "Errors", "Documents", "Money", "Plots", "Images", "Postgres", "Schema", "Reports", "Numerics",
                "Valuation",
                "Properties", "Diffusion", "Registry", "Credit", "Ledger", "Statements",
            ]),
        .executableTarget(
            name: "laurel",
            dependencies: [
                "Monthly", "Images", "Properties", "Diffusion", "Errors", "Documents", "Money", "Valuation", "Postgres",
                "Registry",
                "Credit", "Statements", "Ledger",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house),
        .executableTarget(
            name: "LaurelBench",
            dependencies: [
                "Errors", "Documents", "Plots", "Images", "Numerics", "Valuation", "Properties", "Diffusion", "Credit",
            ],
            swiftSettings: house),

        // Tests mirror the sources.
        .target(
            name: "TestSupport", dependencies: ["Errors", "Documents", "Postgres", "Schema"], path: "Tests/TestSupport",
            swiftSettings: house),
        tests(of: "Plots"),
        tests(of: "Properties", ["Errors", "Numerics", "Images"], fixtures: true),
        tests(of: "Images", ["Errors", "Documents"], fixtures: true),
        tests(of: "Errors"),
        tests(of: "Registry", ["Errors", "Documents", "Images", "Numerics", "Postgres", "TestSupport"]),
        tests(of: "Postgres", ["Errors", "TestSupport"]),
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        tests(of: "Diffusion", ["CAllocations", "Errors", "Images", "Numerics"], fixtures: true),
        tests(of: "Money", ["Errors", "TestSupport"]),
        tests(of: "Ledger", ["Errors", "Documents", "Money", "Postgres", "Schema", "TestSupport", "laurel"]),
        tests(of: "Numerics"),
        tests(of: "Valuation", ["Errors", "Documents", "Numerics", "TestSupport", "laurel"], fixtures: true),
        tests(of: "Documents", ["Errors", "TestSupport"]),
        tests(
            of: "Statements",
            ["Errors", "Documents", "Money", "Postgres", "Schema", "Ledger", "Monthly", "TestSupport", "laurel"]),
        tests(of: "laurel", ["Diffusion", "Documents", "Postgres", "TestSupport"], fixtures: true),
        tests(
            of: "Credit",
            [
                "Errors", "Documents", "Images", "Numerics", "Postgres", "Valuation", "Properties", "Diffusion",
                "TestSupport", "laurel",
            ], fixtures: true),
    ],
    swiftLanguageModes: [.v6]
)
