@websocket_events
Feature: Error events say what failed and whether to retry
  Segment:          Free and Mid
  Business goal:    Turn failures into a second attempt instead of a support case
  Value impact:     Customers know immediately whether to wait, to retry or to change something
  Strategic impact: An explained failure costs less trust than a silent one

  @WSE-06 @segment.free @segment.mid
  @needs.live_events
  Rule: Each kind of failure has its own event without internal details

    @gate
    @needs.error_codes
    @needs.partner
    Scenario Outline: Each kind of failure has its own error event
      Given Acme is a Free customer
      And Acme watches events
      When Acme <has a failing run>
      Then Acme is notified that <what failed> and that <what to do>

      Examples:
        | has a failing run                                   | what failed                        | what to do            |
        | runs an agent whose tool is temporarily unavailable | a tool failed                      | a retry can help      |
        | runs an agent whose tool is faulty                  | a tool failed                      | a retry will not help |
        | runs an agent one of whose two tools fails          | a tool failed                      | a retry can help      |
        | runs an agent that the partner asks to slow down    | a tool failed                      | a retry can help      |
        | runs an agent whose partner is out of order         | a tool failed                      | a retry can help      |
        | runs an agent whose request the partner rejects     | a tool failed                      | a retry will not help |
        | runs an agent that signs in to the partner          | the plan does not include the tool | a retry will not help |
        | runs an agent that crashes                          | the agent failed                   | a retry will not help |
        | runs an agent that gives up waiting                 | the agent failed                   | a retry will not help |
        | runs an agent whose answer cannot be stored         | the agent failed                   | a retry will not help |

      @needs.time_limits
      Examples: Time limits
        | has a failing run                              | what failed           | what to do       |
        | starts an agent that hangs past its time limit | the run took too long | a retry can help |

    @gate
    @needs.partner
    Scenario Outline: No error event contains internal details
      Given Acme is a Mid customer
      And Acme watches events
      When Acme <has a failing run>
      Then the stored error and the error event of Acme's run show no internal details

      Examples:
        | has a failing run                                    |
        | runs an agent whose tool is faulty                   |
        | runs an agent whose tool names a password            |
        | runs an agent that crashes                           |
        | runs an agent that crashes over a wrong value        |
        | runs an agent that crashes over a missing entry      |
        | runs an agent that crashes over a refused connection |

      @needs.time_limits
      Examples: Time limits
        | has a failing run                              |
        | starts an agent that hangs past its time limit |
