import Diffusion
import Foundation
import Images
import Numerics
import Testing

/// Agreement with PyTorch on the same weights; differences are relative to the largest value of each tensor.
@Suite("The engine against PyTorch")
struct PyTorchTests {
    @Test("The answer of a forward pass is PyTorch's", arguments: Fixture.Name.allCases)
    func forward(name: Fixture.Name) throws {
        let fixture = try Fixture(name)
        let network = try fixture.network()
        network.forward()
        let answer = try fixture.values("answer")
        #expect(relativeDifference(UnsafeBufferPointer(start: network.output, count: answer.count), answer) < 1e-5)
    }

    @Test("Every gradient is PyTorch's", arguments: Fixture.Name.allCases)
    func backward(name: Fixture.Name) throws {
        let fixture = try Fixture(name)
        let network = try fixture.network()
        _ = try loss(network, fixture)
        network.backward()
        for parameter in network.layout.parameters {
            let reference = try fixture.values("gradients.\(parameter.name)")
            let found = UnsafeBufferPointer(start: network.gradients + parameter.offset, count: parameter.count)
            #expect(relativeDifference(found, reference) < 2e-5, "\(parameter.name)")
        }
    }

    @Test("Three steps of AdamW with clipping end where PyTorch's do", arguments: Fixture.Name.allCases)
    func optimiser(name: Fixture.Name) throws {
        let fixture = try Fixture(name)
        let network = try fixture.network()
        let (arena, count) = (Arena(), network.layout.count)
        let state = AdamW.State(first: arena.floats(count), second: arena.floats(count), average: nil)
        var optimiser = AdamW()
        optimiser.decay = 0.01
        let losses = try fixture.values("losses")
        for step in 1...3 {
            let found = try loss(network, fixture)
            #expect(abs(found - Double(losses[step - 1])) < 1e-5)
            network.backward()
            let norm = Network.sumOfSquares(count, network.gradients).squareRoot()
            optimiser.step(
                step, rate: 1e-3, scale: Float(min(1, 1 / (norm + 1e-6))), ema: 0, count: count,
                parameters: network.parameters, gradient: network.gradients, state)
            network.pack()
        }
        // Adam divides by the gradient's size, so a gradient near zero keeps no digits: compare in units of the step.
        let trained = try fixture.flat("trained")
        let worst = (0..<count).map { abs(Double(network.parameters[$0]) - Double(trained[$0])) }
        #expect(worst.reduce(0, +) / Double(count) < 1e-7)
        #expect((worst.max() ?? 0) < 3e-4)
    }

    @Test("DDIM from the same noise gives PyTorch's images", arguments: Fixture.Name.allCases)
    func sampling(name: Fixture.Name) throws {
        let fixture = try Fixture(name)
        let shape = fixture.recipe.architecture
        let sampler = try Sampler(fixture.recipe)
        sampler.load(try fixture.flat("trained"))
        let noise = ImageBatch(
            count: 4, side: shape.side, channels: shape.channels, pixels: try fixture.values("noise"))
        let difference = relativeDifference(sampler.denoise(noise, steps: 5).pixels, try fixture.values("samples"))
        #expect(difference < 1e-4)
    }

    @Test("The noise levels are those of the formulas in double precision", arguments: Fixture.Name.allCases)
    func schedule(name: Fixture.Name) throws {
        let fixture = try Fixture(name)
        let schedule = NoiseSchedule(fixture.recipe.diffusion)
        let squares = schedule.signal.map { $0 * $0 }
        #expect(relativeDifference(squares, try fixture.values("alphas")) < 1e-6)
        for (signal, noise) in zip(schedule.signal, schedule.noise) {
            #expect(abs(signal * signal + noise * noise - 1) < 1e-6)
        }
    }

    /// Mean squared error against the fixture's target, its gradient left in the network.
    private func loss(_ network: UNet, _ fixture: Fixture) throws -> Double {
        network.forward()
        let target = try fixture.values("target")
        var sum = 0.0
        for (index, wanted) in target.enumerated() {
            let difference = network.output[index] - wanted
            sum += Double(difference) * Double(difference)
            network.outputGradient[index] = 2 * difference / Float(target.count)
        }
        return sum / Double(target.count)
    }
}
