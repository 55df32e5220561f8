@websocket_events
Feature: A connected customer receives every step of a run
  Segment:          Free and Early
  Business goal:    Show newcomers on their first visit that the platform works for them
  Value impact:     Customers see each step of the work instead of a spinner
  Strategic impact: Live progress is what convinces a prospect in a demonstration

  @WSE-01 @segment.free @segment.early
  @needs.live_events @needs.published_events
  Rule: Every step of a run arrives as a published kind of event

    @smoke
    @needs.cloud_accounts
    Scenario: A run is shown from its first step to its answer
      Given Acme is a Free customer with servers in the cloud
      And Acme watches events
      When Acme runs a cost analysis
      Then Acme has received these events
        | event           |
        | agent started   |
        | agent thinking  |
        | tool executing  |
        | tool completed  |
        | agent completed |
      And every message that Acme has received conforms to the published event reference

    @gate
    @needs.operator @needs.cancellation @needs.time_limits @needs.notices
    @needs.partner
    Scenario: Errors, cancellations and notices conform to the event reference, too
      Given Acme is an Early customer with stored usage
      And Acme watches events
      And Acme has a completed, a failed, a timed-out and a cancelled run
      When the operator sends a notice to everyone
      Then Acme has received these events
        | event           |
        | agent error     |
        | agent cancelled |
        | notice          |
      And every message that Acme has received conforms to the published event reference

    @gate
    @needs.run_numbers
    Scenario: A long answer arrives with its own event
      Given Acme is a Free customer
      And Acme watches events
      When Acme runs an agent that returns four hundred kilobytes of text
      Then Acme has received every event of the run in order, each once
      And every message that Acme has received conforms to the published event reference

    @gate
    @needs.result_addresses
    Scenario Outline: A large result arrives as an event that common clients accept
      Given Acme is an Early customer
      And Acme watches events
      When Acme runs <an agent>
      Then no event that Acme has received exceeds the event size
      And Acme can read the complete result at the address in the last event
      And every message that Acme has received conforms to the published event reference

      Examples:
        | an agent                                      |
        | an agent that returns a megabyte of text      |
        | an agent that returns a long text in Japanese |
