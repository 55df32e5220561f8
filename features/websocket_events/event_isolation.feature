@websocket_events
Feature: Nobody receives another customer's events
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let security teams approve live results without an exception
  Value impact:     What customers watch is theirs, and ends when their rights end
  Strategic impact: Confidentiality while it happens is what rivals cannot show

  @WSE-02 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: A connection shows the events of the one who opened it, for as long as they are allowed in

    @gate
    Scenario: Ten customers with two tabs each see their own work and nobody else's
      Given ten customers with servers in the cloud
      And every customer watches in two tabs
      When every customer runs a cost analysis at the same moment
      Then every connection has received all events of its own customer's runs and nothing else

    @smoke
    Scenario: Colleagues do not see each other's work
      Given Acme is a Mid customer with servers in the cloud
      And Ben of Acme is a member
      And every customer watches
      When every customer runs a cost analysis at the same moment
      Then every connection has received all events of its own customer's runs and nothing else

    @gate
    Scenario Outline: A stranger is turned away and hears nothing
      Given Acme is an Enterprise customer with stored usage
      And Acme watches
      When <a stranger> tries to watch Acme's events
      Then the stranger is refused
      And Acme hears of the next run, and the stranger of nothing

      Examples:
        | a stranger                                        |
        | somebody without a token                          |
        | somebody with an expired token                    |
        | somebody with a forged token                      |
        | somebody with the token of a session that is over |
        | a foreign website                                 |

    @gate
    Scenario Outline: The customer gets in from wherever the product is used
      Given Acme is a Free customer with stored usage
      When Acme connects from <a place>
      Then Acme is let in
      And the first event that Acme receives is from the next run

      Examples:
        | a place                       |
        | a program                     |
        | the application's own website |

    @gate
    Scenario: An expired token ends its connection
      Given Acme is an Early customer
      And Acme watches with a token that expires soon
      When the token expires
      Then Acme's connection is closed in time because the session is over
      And it was not closed before the token expired

    @gate
    Scenario: Logging out ends the connections of that session and no other
      Given Acme is a Mid customer with stored usage
      And Acme watches in two tabs
      And Acme watches on another device
      When Acme logs out in the first tab
      Then both tabs are closed in time because the session is over
      And the other device shows Acme's next run

    @gate
    Scenario: A removed colleague hears nothing more
      Given Acme is an Enterprise customer with stored usage
      And Ben of Acme is a member
      And every customer watches
      When Acme removes Ben of Acme from the organisation
      Then Ben of Acme's connection is closed in time because the user was removed
      And the first event that Acme receives is from the next run
