@websocket_events
Feature: Customers receive only their own events
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let security teams approve live results without an exception
  Value impact:     What customers watch is theirs alone, and ends with their session
  Strategic impact: Live data that stays confidential passes the audits of large buyers

  @WSE-02 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.live_events
  Rule: A connection delivers only its own user's events, until the session ends

    @gate
    @needs.cloud_accounts @needs.run_numbers
    Scenario: Ten customers with two tabs each receive only their own events
      Given ten customers with servers in the cloud and two open tabs each
      When every user runs a cost analysis at the same time
      Then every connection has received all events of its own user's runs in order, and nothing else

    @smoke
    @needs.colleagues @needs.cloud_accounts @needs.run_numbers
    Scenario: Colleagues do not receive each other's events
      Given Acme is a Mid customer with servers in the cloud
      And Ben of Acme is a member
      And every user watches events
      When every user runs a cost analysis at the same time
      Then every connection has received all events of its own user's runs in order, and nothing else

    @gate
    @needs.sessions @needs.run_numbers
    Scenario Outline: An unauthorised client is refused and receives no events
      Given Acme is an Enterprise customer with stored usage
      And Acme watches events
      When <a client> connects to Acme's events
      Then the client is refused and receives no event of Acme's next run
      And Acme has received every event of the run in order, each once

      Examples:
        | a client                                           |
        | a program without a token                          |
        | a program with an expired token                    |
        | a program with a forged token                      |
        | a program with a token of a session that has ended |
        | a third-party website                              |
        | a website whose address begins like the product's  |
        | a website that hides its address                   |

    @gate
    Scenario Outline: A customer can connect from a program and from the website
      Given Acme is a Free customer with stored usage
      When <a client> connects to Acme's events
      Then the client is accepted
      And the first event that Acme receives is from the next run

      Examples:
        | a client                     |
        | a program with a valid token |
        | the product's own website    |

    @gate
    @needs.sessions
    Scenario: A connection ends when its token expires
      Given Acme is an Early customer with a token that expires soon
      And Acme watches events
      When Acme's token expires
      Then Acme's connection is closed in time because the session is over
      And Acme's connection was not closed before the token expired

    @gate
    @needs.sessions
    Scenario: Logging out ends the connections of that session only
      Given Acme is a Mid customer with stored usage
      And Acme has two open tabs and a connection from another device
      When Acme logs out in one tab
      Then Acme's two tabs are closed in time because the session is over
      And Acme's other device shows the next run

    @gate
    @needs.colleagues
    Scenario: A removed colleague is disconnected
      Given Acme is an Enterprise customer with stored usage
      And Ben of Acme is a member
      And every user watches events
      When Acme removes Ben of Acme from the organisation
      Then Ben of Acme's connection is closed in time because the user was removed
      And the first event that Acme receives is from the next run

    @gate
    @needs.colleagues @needs.sessions
    Scenario: A removed colleague is disconnected on every device
      Given Acme is an Enterprise customer
      And Ben of Acme is a member
      And Ben of Acme has a connection from another device and two open tabs
      When Acme removes Ben of Acme from the organisation
      Then Ben of Acme's three connections are closed in time because the user was removed
