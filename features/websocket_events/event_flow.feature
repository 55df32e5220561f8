@websocket_events
Feature: A connected customer receives every step of a run
  Segment:          Free and Early
  Business goal:    Show newcomers on their first visit that the platform works for them
  Value impact:     Customers see each step of the work instead of a spinner
  Strategic impact: Work that can be watched is the face of the product

  @WSE-01 @segment.free @segment.early
  Rule: Every step of a run arrives as an event of the contract

    @smoke
    Scenario: A run is shown from its first step to its answer
      Given Acme is a Free customer with servers in the cloud
      And Acme watches
      When Acme runs a cost analysis
      Then Acme has received these events
        | event           |
        | agent started   |
        | agent thinking  |
        | tool executing  |
        | tool completed  |
        | agent completed |
      And every message that Acme has received conforms to the published contract

    @gate
    Scenario: Errors, cancellations and notices conform to the contract as well
      Given Acme is an Early customer with stored usage
      And Acme watches
      And Acme has runs that completed, failed, timed out and were cancelled
      When the operator sends a notice to everyone
      Then Acme has received these events
        | event           |
        | agent error     |
        | agent cancelled |
        | notice          |
      And every message that Acme has received conforms to the published contract
