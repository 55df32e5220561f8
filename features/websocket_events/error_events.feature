@websocket_events
Feature: When something fails the customer is told what, and whether to try again
  Segment:          Free and Mid
  Business goal:    Turn failures into a second attempt instead of a support case
  Value impact:     Customers know at once whether waiting, retrying or changing something helps
  Strategic impact: Honest failures cost less trust than silent ones

  @WSE-06 @segment.free @segment.mid
  Rule: Each kind of failure has an event of its own that says whether a retry can help, and nothing of the inside

    @gate
    Scenario Outline: Failures are told apart
      Given Acme is a Free customer
      And Acme watches
      When Acme <has a failing run>
      Then Acme is notified that <what failed> and that <what to do>

      Examples:
        | has a failing run                             | what failed           | what to do            |
        | runs an agent whose tool is not ready         | a tool failed         | a retry can help      |
        | runs an agent whose tool is faulty          | a tool failed         | a retry will not help |
        | runs an agent that crashes                    | the agent failed      | a retry will not help |
        | starts an agent that hangs past its time limit | the run took too long | a retry can help      |

    @gate
    Scenario Outline: No failure shows the inside of the platform
      Given Acme is a Mid customer
      And Acme watches
      When Acme <has a failing run>
      Then the error that Acme reads and receives shows nothing internal

      Examples:
        | has a failing run                             |
        | runs an agent whose tool is faulty          |
        | runs an agent that crashes                    |
        | starts an agent that hangs past its time limit |
