import ArgumentParser

@main
struct Laurel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "laurel", abstract: "Royalties and contributor credit for generative models.")
}
