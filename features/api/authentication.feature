@api
Feature: Only valid tokens open the door
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Pass every customer's security review at the first attempt
  Value impact:     A lost, stolen or made-up token is of no use to anybody
  Strategic impact: Access that can be proved to be tight opens regulated markets

  @API-03 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Whoever comes without a valid token is refused at every door, and nothing happens

    @gate
    Scenario Outline: A bad token opens no door
      Given Acme is <a plan> customer who owns one of everything
      When somebody tries every door with <a bad token>
      Then every door stays closed
      And nothing of Acme's has changed
      And Acme's own token opens every door that is there for owners

      Examples: Tokens as anybody can have or make them
        | a plan        | a bad token                        |
        | a Free        | no token                           |
        | an Early      | a malformed token                  |
        | a Mid         | an expired token                   |
        | an Enterprise | a token with a forged signature    |
        | a Mid         | an unsigned token                  |
        | a Mid         | a token of a session that is over  |
        | an Enterprise | a token of another environment     |

      @needs.own_services
      Examples: Tokens signed with the platform's own key
        | a plan        | a bad token                        |
        | an Enterprise | a token meant for somebody else    |
        | a Mid         | a token of another issuer          |

    @gate
    Scenario: A session goes on with new tokens
      Given Acme is a Free customer
      When Acme goes on with the refresh token
      Then Acme has been given new tokens of both kinds
      And Acme is let in with the new token

    @gate
    Scenario: A session goes on as often as it is asked to
      Given Acme is a Mid customer
      And Acme has gone on with the refresh token
      When Acme goes on with the refresh token
      Then Acme has been given new tokens of both kinds
      And Acme is let in with the new token

    @gate
    Scenario: A refresh token that is shown again ends the session
      Given Acme is an Early customer
      And Acme has gone on with the refresh token
      When somebody shows the used refresh token
      Then the refresh token is refused
      And no token of Acme's session is of use any more

    @smoke
    Scenario: After logging out nothing of the session is of use, and other sessions go on
      Given Acme is an Enterprise customer who owns one of everything
      And Acme is logged in on another device
      When Acme logs out
      Then no token of Acme's session is of use any more
      And the other device is still let in
